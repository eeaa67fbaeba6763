package supervisor

import (
	"encoding/binary"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// verdictOf runs the program as the kernel would and gives its verdict.
func verdictOf(t *testing.T, machine uint32, number int, args ...uint64) uint32 {
	t.Helper()
	return verdictFor(t, Cards, machine, number, args...)
}

func verdictFor(t *testing.T, p Profile, machine uint32, number int, args ...uint64) uint32 {
	t.Helper()
	program, err := filter(p)
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]bpf.RawInstruction, len(program)/8)
	if _, err := binary.Decode(program, binary.NativeEndian, &raw); err != nil {
		t.Fatal(err)
	}
	instructions, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("the program cannot be read back")
	}
	vm, err := bpf.NewVM(instructions)
	if err != nil {
		t.Fatal(err)
	}
	// struct seccomp_data; the machine reads big endian words, so it is laid out as such
	call := binary.BigEndian.AppendUint32(nil, uint32(number))
	call = binary.BigEndian.AppendUint32(call, machine)
	call = binary.BigEndian.AppendUint64(call, 0)
	for i := range 6 {
		var value uint64
		if i < len(args) {
			value = args[i]
		}
		call = binary.BigEndian.AppendUint32(call, uint32(value)) // low word first, as on little endian machines
		call = binary.BigEndian.AppendUint32(call, uint32(value>>32))
	}
	verdict, err := vm.Run(call)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(verdict)
}

const (
	allowed = uint32(unix.SECCOMP_RET_ALLOW)
	refused = uint32(unix.SECCOMP_RET_ERRNO | unix.EPERM)
)

func TestFilter(t *testing.T) {
	machine, err := arch.GetInfo("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []uint64
		want uint32
	}{
		{"read", nil, allowed}, {"write", nil, allowed}, {"futex", nil, allowed},
		{"socket", nil, refused}, {"connect", nil, refused}, {"execve", nil, refused}, {"execveat", nil, refused},
		{"kill", nil, refused}, {"ptrace", nil, refused}, {"prctl", nil, refused}, {"seccomp", nil, refused},
		{"memfd_create", nil, refused}, {"io_uring_setup", nil, refused}, {"bpf", nil, refused}, {"mount", nil, refused},
		{"setuid", nil, refused}, {"chroot", nil, refused}, {"unlinkat", nil, refused}, {"process_vm_readv", nil, refused},
		{"pidfd_open", nil, refused}, {"userfaultfd", nil, refused}, {"shmget", nil, refused}, {"sendmsg", nil, refused},
		{"clone3", nil, refuseENOSYS},
		{"clone", []uint64{threadFlags}, allowed}, {"clone", []uint64{uint64(unix.SIGCHLD)}, refused},
		{"clone", []uint64{threadFlags | unix.CLONE_NEWUSER}, refused}, {"clone", []uint64{threadFlags | 1<<32}, refused},
		{"mmap", []uint64{0, 1, 3, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS}, allowed},
		{"mmap", []uint64{0, 1, 5, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS}, refused},
		{"mmap", []uint64{0, 1, 3, unix.MAP_SHARED | unix.MAP_ANONYMOUS}, refused},
		{"mmap", []uint64{0, 1, 3, unix.MAP_SHARED_VALIDATE}, refused},
		{"mprotect", []uint64{0, 1, 3}, allowed}, {"mprotect", []uint64{0, 1, 7}, refused},
		{"prlimit64", []uint64{0, 9, 0}, allowed}, {"prlimit64", []uint64{0, 9, 1}, refused}, {"prlimit64", []uint64{1, 9, 0}, refused},
		{"tgkill", []uint64{ownPIDMark}, allowed}, {"tgkill", []uint64{1}, refused},
		{"openat", []uint64{0, 1, unix.O_RDONLY | unix.O_CLOEXEC | unix.O_DIRECTORY}, allowed},
		{"openat", []uint64{0, 1, unix.O_WRONLY}, refused}, {"openat", []uint64{0, 1, unix.O_RDWR}, refused},
		{"openat", []uint64{0, 1, unix.O_CREAT}, refused}, {"openat", []uint64{0, 1, unix.O_TRUNC}, refused},
		{"openat", []uint64{0, 1, unix.O_TMPFILE}, refused},
		{"fcntl", []uint64{0, unix.F_GETFL}, allowed}, {"fcntl", []uint64{0, unix.F_SETOWN}, refused}, {"fcntl", []uint64{0, unix.F_SETFL}, refused},
		{"ioctl", []uint64{0, unix.TCGETS}, allowed}, {"ioctl", []uint64{0, unix.TIOCSTI}, refused},
	} {
		number, ok := machine.SyscallNames[c.name]
		if !ok {
			t.Fatalf("no call %s", c.name)
		}
		if got := verdictOf(t, uint32(machine.ID), number, c.args...); got != c.want {
			t.Errorf("%s%v: %#x, want %#x", c.name, c.args, got, c.want)
		}
	}
	read := machine.SyscallNames["read"]
	if got := verdictOf(t, uint32(arch.I386.ID), read); got != refused {
		t.Errorf("another architecture: %#x", got)
	}
	if got := verdictOf(t, uint32(machine.ID), read|0x40000000); machine.ID == arch.X86_64.ID && got == allowed {
		t.Errorf("x32: %#x", got)
	}
}

// A transform may write in its folder, and nothing else that a card may not.
func TestTransformFilter(t *testing.T) {
	machine, err := arch.GetInfo("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []uint64
		want uint32
	}{
		{"openat", []uint64{0, 1, unix.O_RDWR | unix.O_CREAT | unix.O_EXCL}, allowed}, {"openat", []uint64{0, 1, unix.O_TMPFILE | unix.O_RDWR}, refused},
		{"unlinkat", nil, allowed}, {"mkdirat", nil, allowed}, {"renameat2", nil, allowed}, {"ftruncate", nil, allowed},
		{"linkat", nil, refused}, {"symlinkat", nil, refused}, {"mknodat", nil, refused}, {"fchmodat", nil, refused}, {"fchownat", nil, refused},
		{"fallocate", nil, refused}, {"truncate", nil, refused}, {"memfd_create", nil, refused}, {"sendfile", nil, refused},
		{"socket", nil, refused}, {"execve", nil, refused}, {"kill", nil, refused}, {"mmap", []uint64{0, 1, 3, unix.MAP_SHARED}, refused},
		{"fcntl", []uint64{0, unix.F_ADD_SEALS}, refused},
	} {
		if got := verdictFor(t, Transforms, uint32(machine.ID), machine.SyscallNames[c.name], c.args...); got != c.want {
			t.Errorf("%s%v: %#x, want %#x", c.name, c.args, got, c.want)
		}
	}
}

// No call is allowed that nobody thought of: exactly those of the lists are.
func TestFilterAllowsNothingElse(t *testing.T) {
	machine, err := arch.GetInfo("")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Profile{Cards, Transforms} {
		listed := map[string]bool{"clone3": true}
		for _, name := range allowedCalls(p) {
			listed[name] = true
		}
		for _, bound := range boundCalls(p) {
			listed[bound.Name] = true
		}
		for name, number := range machine.SyscallNames {
			if got := verdictFor(t, p, uint32(machine.ID), number); got != refused && !listed[name] {
				t.Errorf("%s: %#x", name, got)
			}
		}
	}
}
