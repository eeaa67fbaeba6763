package engine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const mebibyte = 1 << 20

// processAttributes lets the kernel end a worker with the engine, and keeps the
// terminal's signals from it.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// socketPair makes two connected sockets that no other process inherits.
func socketPair() ([2]int, error) {
	return unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
}

// limitMemory bounds what the process may map on top of what it has: DuckDB's own
// limit does not count all that it takes. Beyond it allocations fail.
func limitMemory(more int64) error {
	pages, err := statm(0)
	if err != nil {
		return err
	}
	most := uint64(pages*int64(os.Getpagesize()) + more)
	if err := unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: most, Max: most}); err != nil {
		return fmt.Errorf("limit memory: %w", err)
	}
	return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}

// resident is how many bytes of memory the process has; 0 where that cannot be told.
func resident() int64 {
	pages, err := statm(1)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// statm is one of the numbers of pages in /proc/self/statm: 0 mapped, 1 resident.
func statm(field int) (int64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) <= field {
		return 0, fmt.Errorf("statm: %q", text)
	}
	return strconv.ParseInt(fields[field], 10, 64)
}

// memoryFile makes an empty file in memory.
func memoryFile(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("memory file: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// mapFile is the first bytes of a file, which cannot be changed and are there until
// the process ends.
func mapFile(f *os.File, size int64) ([]byte, error) {
	data, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map memory file: %w", err)
	}
	return data, nil
}

const seals = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL

// seal makes a memory file unchangeable.
func seal(f *os.File) error {
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		return fmt.Errorf("seal memory file: %w", err)
	}
	return nil
}

// sealed tells whether nobody can change the file any more.
func sealed(f *os.File) bool {
	has, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0)
	return err == nil && has&seals == seals
}
