package supervisor

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// ownPIDMark stands where a child puts its own process id before it installs
// the program: it may signal itself (abort does), and nobody else.
const ownPIDMark = 0x4B415255

// refuseENOSYS is "this call does not exist", which makes the C library fall
// back from clone3 to clone. The seccomp library knows EPERM alone, so the rule
// is marked and the mark rewritten.
const refuseENOSYS = uint32(unix.SECCOMP_RET_ERRNO | unix.ENOSYS)

// fioclex is the ioctl for close-on-exec, which x/sys does not name.
const fioclex = 0x5451

// threadFlags is what the C library passes to clone for a thread:
// VM FS FILES SIGHAND THREAD SYSVSEM SETTLS PARENT_SETTID CHILD_CLEARTID.
const threadFlags = 0x3d0f00

// plainCalls are allowed with any arguments. None reaches another process, the
// network or a file that is to be changed.
var plainCalls = []string{
	"read", "write", "readv", "writev", "pread64", "pwrite64", "lseek", "close",
	"fstat", "newfstatat", "stat", "lstat", "statx", "fstatfs", "readlink", "readlinkat",
	"access", "faccessat", "faccessat2", "getdents64", "getcwd",
	"brk", "munmap", "madvise", "mremap",
	"futex", "set_robust_list", "rseq", "sched_getaffinity", "sched_yield", "exit", "exit_group", "restart_syscall",
	"rt_sigprocmask", "rt_sigaction", "rt_sigreturn", "sigaltstack",
	"clock_nanosleep", "nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "time", "times",
	"getrandom", "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getrusage", "uname", "sysinfo",
}

// writingCalls are allowed too where a run has a folder to write in. None makes a
// second name for a file, or a file that is in no folder.
var writingCalls = []string{
	"unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2", "umask", "ftruncate", "fsync", "fdatasync",
}

// Bits of openat's flags that change something: write, create, truncate, append, unnamed file.
const changingOpen = unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC | unix.O_APPEND | unnamed

func only(argument uint32, value uint64) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.Equal, Value: value}
}

func without(argument uint32, bits uint64) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.BitsNotSet, Value: bits}
}

func call(name string, conditions ...seccomp.Condition) seccomp.NameWithConditions {
	return seccomp.NameWithConditions{Name: name, Conditions: conditions}
}

// unnamed is the bit of a file that is in no folder.
const unnamed = unix.O_TMPFILE &^ unix.O_DIRECTORY

// boundCalls are allowed with these arguments only.
func boundCalls(p Profile) []seccomp.NameWithConditions {
	refusedOpen := uint64(changingOpen)
	if p == Transforms {
		refusedOpen = unnamed
	}
	calls := []seccomp.NameWithConditions{
		call("clone", only(0, threadFlags)),
		call("mmap", // private memory that is never executable
			seccomp.Condition{Argument: 3, Operation: seccomp.BitsSet, Value: unix.MAP_PRIVATE},
			without(3, unix.MAP_SHARED|0xc|unix.MAP_HUGETLB), without(2, unix.PROT_EXEC)),
		call("mprotect", without(2, unix.PROT_EXEC)),
		call("prlimit64", only(0, 0), only(2, 0)),
		call("tgkill", only(0, ownPIDMark)),
		call("openat", without(2, refusedOpen)),
		call("open", without(1, refusedOpen)),
	}
	for _, command := range []uint64{unix.F_DUPFD, unix.F_GETFD, unix.F_SETFD, unix.F_GETFL, unix.F_DUPFD_CLOEXEC} {
		calls = append(calls, call("fcntl", only(1, command)))
	}
	for _, request := range []uint64{unix.TCGETS, unix.TIOCGWINSZ, fioclex} {
		calls = append(calls, call("ioctl", only(1, request)))
	}
	return calls
}

// allowedCalls are the calls that runs of a profile may make with any arguments.
func allowedCalls(p Profile) []string {
	if p == Transforms {
		return slices.Concat(plainCalls, writingCalls)
	}
	return plainCalls
}

// filter assembles the allowlist for this machine's architecture, as the kernel's
// eight bytes an instruction. What is not listed fails with EPERM.
func filter(p Profile) ([]byte, error) {
	machine, err := arch.GetInfo("")
	if err != nil {
		return nil, err
	}
	policy := seccomp.Policy{
		DefaultAction: seccomp.ActionErrno,
		Syscalls: []seccomp.SyscallGroup{
			{Action: seccomp.ActionTrace, Names: []string{"clone3"}},
			{Action: seccomp.ActionAllow, Names: known(machine, allowedCalls(p)), NamesWithCondtions: knownBound(machine, boundCalls(p))},
		},
	}
	program, err := policy.Assemble()
	if err != nil {
		return nil, fmt.Errorf("assemble the system call filter: %w", err)
	}
	return encodeProgram(program)
}

// known leaves out calls that the architecture does not have (arm64 has no open or stat).
func known(machine *arch.Info, names []string) []string {
	var kept []string
	for _, name := range names {
		if _, ok := machine.SyscallNames[name]; ok {
			kept = append(kept, name)
		}
	}
	return kept
}

func knownBound(machine *arch.Info, calls []seccomp.NameWithConditions) []seccomp.NameWithConditions {
	var kept []seccomp.NameWithConditions
	for _, c := range calls {
		if _, ok := machine.SyscallNames[c.Name]; ok {
			kept = append(kept, c)
		}
	}
	return kept
}

func encodeProgram(program []bpf.Instruction) ([]byte, error) {
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, fmt.Errorf("encode the system call filter: %w", err)
	}
	var out bytes.Buffer
	for _, instruction := range raw {
		if instruction.Op == unix.BPF_RET|unix.BPF_K && instruction.K == uint32(seccomp.ActionTrace) {
			instruction.K = refuseENOSYS
		}
		if err := binary.Write(&out, binary.NativeEndian, instruction); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}
