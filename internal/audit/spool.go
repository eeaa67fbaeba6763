package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/karuta-bi/karuta/internal/core"
)

// maxSpool is where the spool ends: about 60,000 events.
const maxSpool = 32 << 20

var errSpoolFull = errors.New("audit: the spool is full")

// spool is a folder with the events that wait for the store, one JSON object a
// line: "waiting" takes new ones, "sending" is being brought to the store,
// "damaged" keeps lines that cannot be brought there. Processes that share the
// folder (the server and an operator's verb) take turns by file locks.
type spool struct{ dir string }

func openSpool(dir string) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("audit spool: %w", err)
	}
	return &spool{dir: dir}, nil
}

func (s *spool) path(name string) string { return filepath.Join(s.dir, name+".jsonl") }

// lock takes the named lock, waiting for it where wait is set; the caller closes the file.
func (s *spool) lock(name string, wait bool) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(s.dir, name+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// append writes an event durably.
func (s *spool) append(ev *core.AuditEvent) error {
	line, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	return s.appendLine("waiting", line)
}

func (s *spool) appendLine(name string, line []byte) error {
	lock, err := s.lock("append", true)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	f, err := os.OpenFile(s.path(name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(writeLine(f, line), f.Close())
}

// writeLine adds a line and takes it back when it does not reach the disk. A
// half line that a crash left behind is ended first, so that it spoils itself alone.
func writeLine(f *os.File, line []byte) error {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if end > maxSpool {
		return errSpoolFull
	}
	last := []byte{'\n'}
	if end > 0 {
		if _, err := f.ReadAt(last, end-1); err != nil {
			return err
		}
	}
	if last[0] != '\n' {
		line = append([]byte{'\n'}, line...)
	}
	if _, err = f.WriteAt(append(line, '\n'), end); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Truncate(end))
	}
	return nil
}

// check tells whether append would work.
func (s *spool) check() error {
	f, err := os.OpenFile(s.path("waiting"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err == nil && end > maxSpool {
		err = errSpoolFull
	}
	return errors.Join(err, f.Close())
}

// rotate makes the waiting events the ones to send, unless earlier ones still are.
func (s *spool) rotate() error {
	lock, err := s.lock("append", true)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if _, err := os.Stat(s.path("sending")); err == nil {
		return nil
	}
	err = os.Rename(s.path("waiting"), s.path("sending"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// count is how many events wait.
func (s *spool) count() int64 {
	n := 0
	for _, name := range []string{"waiting", "sending"} {
		text, err := os.ReadFile(s.path(name))
		if err == nil {
			n += bytes.Count(text, []byte{'\n'})
		}
	}
	return int64(n)
}
