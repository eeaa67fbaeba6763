package engine

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// maxWritten is the size of the largest file that a confined worker can write.
const maxWritten = 64 << 30

// refusedCalls reach the network, other processes, or the kernel's rarely used parts.
// A worker that reads what somebody made has no use for them.
var refusedCalls = []string{
	"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4",
	"execve", "execveat", "fork", "vfork", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open", "pidfd_getfd", "pidfd_send_signal",
	"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp",
	"mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "move_mount", "open_tree", "fsopen",
	"bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
	"keyctl", "add_key", "request_key", "init_module", "finit_module", "delete_module", "kexec_load",
	"open_by_handle_at", "name_to_handle_at", "link", "linkat", "symlink", "symlinkat", "mknod", "mknodat",
	"setrlimit", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "capset", "personality", "quotactl", "swapon", "swapoff", "reboot",
}

// systemFolders are what the C library and DuckDB look at.
var systemFolders = []string{"/proc/self", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/usr/share/zoneinfo"}

// confine takes from a worker that will read a file that somebody made all that it
// does not need for that: other files than the given, where the kernel has Landlock;
// the network, other programs and processes; and more than so many seconds of each
// core. There is no way back.
func confine(t task, seconds float64, given ...string) error {
	cpu := uint64(seconds*float64(max(1, t.Threads))) + 1
	for resource, most := range map[int]uint64{unix.RLIMIT_CPU: cpu, unix.RLIMIT_FSIZE: maxWritten} {
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("confine: limit %d: %w", resource, err)
		}
	}
	files := landlock.V5.BestEffort()
	err := files.RestrictPaths(landlock.RWDirs(t.Dir), landlock.ROFiles(given...),
		landlock.RODirs(systemFolders...).IgnoreIfMissing())
	if err != nil {
		return fmt.Errorf("confine: files: %w", err)
	}
	return refuseCalls()
}

// refuseCalls installs the filter of system calls on all threads.
func refuseCalls() error {
	program, err := refusal()
	if err != nil {
		return fmt.Errorf("confine: assemble the filter: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("confine: %w", err)
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	runtime.KeepAlive(program)
	if errno != 0 {
		return fmt.Errorf("confine: install the filter: %w", errno)
	}
	if thread != 0 {
		return fmt.Errorf("confine: thread %d has a filter of its own", thread)
	}
	return nil
}

// refusal is the filter. New threads are allowed, new processes are not; clone3,
// whose arguments a filter cannot see, does not exist, so that the C library
// falls back to clone.
func refusal() ([]unix.SockFilter, error) {
	machine, err := arch.GetInfo("")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range refusedCalls {
		if _, ok := machine.SyscallNames[name]; ok {
			names = append(names, name)
		}
	}
	bound := []seccomp.NameWithConditions{
		{Name: "clone", Conditions: []seccomp.Condition{{Argument: 0, Operation: seccomp.BitsNotSet, Value: unix.CLONE_THREAD}}},
		{Name: "prlimit64", Conditions: []seccomp.Condition{{Argument: 2, Operation: seccomp.NotEqual, Value: 0}}},
		{Name: "tgkill", Conditions: []seccomp.Condition{{Argument: 0, Operation: seccomp.NotEqual, Value: uint64(os.Getpid())}}},
	}
	policy := seccomp.Policy{DefaultAction: seccomp.ActionAllow, Syscalls: []seccomp.SyscallGroup{
		{Action: seccomp.ActionTrace, Names: []string{"clone3"}},
		{Action: seccomp.ActionErrno, Names: names, NamesWithCondtions: bound},
	}}
	instructions, err := policy.Assemble()
	if err != nil {
		return nil, err
	}
	raw, err := bpf.Assemble(instructions)
	if err != nil {
		return nil, err
	}
	program := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		if r.Op == unix.BPF_RET|unix.BPF_K && r.K == uint32(seccomp.ActionTrace) {
			r.K = uint32(unix.SECCOMP_RET_ERRNO | unix.ENOSYS)
		}
		program[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return program, nil
}
