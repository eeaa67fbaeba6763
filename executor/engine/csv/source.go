package csv

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mapped is a file's content, mapped read-only. The file must not shrink while it is
// in use; sources are immutable objects and files of our own.
type mapped []byte

func mapFile(path string) (mapped, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return nil, err
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	return data, nil
}

func (m mapped) close() error {
	if m == nil {
		return nil
	}
	return unix.Munmap(m)
}
