package supervisor

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// sealed makes a memory file that nobody can change any more.
func sealed(name string, content []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("memory file: %w", err)
	}
	file := os.NewFile(uintptr(fd), name)
	if _, err = file.Write(content); err == nil {
		_, err = unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("seal memory file: %w", err)
	}
	return file, nil
}

// sizedFile makes a memory file that can be written to and never gets any longer.
// Memory is taken only for what is written.
func sizedFile(name string, size int64) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("memory file: %w", err)
	}
	file := os.NewFile(uintptr(fd), name)
	if err = file.Truncate(size); err == nil {
		_, err = unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_GROW|unix.F_SEAL_SHRINK)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("size memory file: %w", err), file.Close())
	}
	return file, nil
}

// pipe is a pipe from a child to us. Our end waits in Go's poller; the child's
// end blocks, as Python expects.
type pipe struct {
	read  *os.File
	write int // -1 once closed here
}

func newPipe(name string, size int) (*pipe, error) {
	ends := make([]int, 2)
	if err := unix.Pipe2(ends, unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	_, _ = unix.FcntlInt(uintptr(ends[0]), unix.F_SETPIPE_SZ, size) // only for speed
	if err := unix.SetNonblock(ends[0], true); err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	return &pipe{read: os.NewFile(uintptr(ends[0]), name), write: ends[1]}, nil
}

// handed closes our copy of the child's end, so that reading ends with the child.
func (p *pipe) handed() {
	if p.write >= 0 {
		_ = unix.Close(p.write)
		p.write = -1
	}
}

func (p *pipe) close() {
	p.handed()
	_ = p.read.Close()
}

// readAnswer reads until the end or until the limit is passed.
func readAnswer(from io.Reader, limit int64) output {
	all, _ := io.ReadAll(io.LimitReader(from, limit+1)) // a read error is the end
	return output{all, int64(len(all)) > limit}
}

// readLog keeps the first bytes and reads on, so that the writer is never blocked.
func readLog(from io.Reader, limit int64) output {
	kept, _ := io.ReadAll(io.LimitReader(from, limit))
	more, _ := io.Copy(io.Discard, from)
	return output{kept, more > 0}
}
