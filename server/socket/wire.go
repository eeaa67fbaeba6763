package socket

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	batchBytes = 32 << 10 // frames that wait together go out when they are so many bytes
	chunk      = 64 << 10 // bytes of which a reader must take one within the write limit
)

// wire is the connection under a socket. While it is corked, frames wait for
// each other and leave in one write.
//
// A write never waits for the reader, unless the wire is patient: what the reader
// does not take at once stays behind, and is for a goroutine that may wait. How
// long that takes is watched from outside (see sweep), because a deadline for each
// write would cost a timer each.
type wire struct {
	net.Conn
	raw   syscall.RawConn // nil where a write cannot be tried, as with TLS
	since atomic.Int64    // when the write that waits began, as UnixNano; 0: none does

	mu      sync.Mutex // gorilla writes some control frames from the reading side
	corked  bool
	patient bool
	batch   *[]byte
	late    []byte // what stayed behind
}

var batches = sync.Pool{New: func() any { b := make([]byte, 0, batchBytes); return &b }}

// newWire is patient, for the answer to the upgrade.
func newWire(bare net.Conn) *wire {
	w := &wire{Conn: bare, patient: true}
	if c, ok := bare.(syscall.Conn); ok {
		w.raw, _ = c.SyscallConn() // without it, every write waits
	}
	return w
}

// SetWriteDeadline does nothing, for gorilla sets one before every frame.
func (*wire) SetWriteDeadline(time.Time) error { return nil }

// Write writes frames, or keeps them until the cork is drawn.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.corked {
		return len(p), w.write(p)
	}
	if w.batch != nil && len(*w.batch)+len(p) > batchBytes {
		if err := w.flush(); err != nil {
			return 0, err
		}
	}
	if len(p) > batchBytes {
		return len(p), w.write(p)
	}
	if w.batch == nil {
		w.batch = batches.Get().(*[]byte)
	}
	*w.batch = append(*w.batch, p...)
	return len(p), nil
}

func (w *wire) cork() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.corked = true
}

// uncork writes what has waited.
func (w *wire) uncork() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.corked = false
	return w.flush()
}

func (w *wire) flush() error {
	if w.batch == nil {
		return nil
	}
	err := w.write(*w.batch)
	*w.batch = (*w.batch)[:0]
	batches.Put(w.batch)
	w.batch = nil
	return err
}

// behind tells whether something has stayed behind.
func (w *wire) behind() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.late) > 0
}

// setPatient lets writes wait, beginning with what has stayed behind, or forbids
// it again.
func (w *wire) setPatient(patient bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.patient = patient
	late := w.late
	if w.late = nil; len(late) == 0 {
		return nil
	}
	return w.wait(late)
}

func (w *wire) write(p []byte) error {
	if w.patient {
		return w.wait(p)
	}
	n := 0
	if w.raw != nil && len(w.late) == 0 {
		var err error
		if n, err = w.try(p); err != nil {
			return err
		}
	}
	w.late = append(w.late, p[n:]...)
	return nil
}

// try writes what is taken at once.
func (w *wire) try(p []byte) (n int, err error) {
	closed := w.raw.Write(func(fd uintptr) bool {
		for {
			n, err = syscall.Write(int(fd), p)
			if !errors.Is(err, syscall.EINTR) {
				return true
			}
		}
	})
	if errors.Is(err, syscall.EAGAIN) {
		err = nil
	}
	return max(n, 0), errors.Join(closed, err)
}

func (w *wire) wait(p []byte) error {
	defer w.since.Store(0)
	for len(p) > 0 {
		w.since.Store(time.Now().UnixNano())
		n, err := w.Conn.Write(p[:min(len(p), chunk)])
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// hijacker gives gorilla a wire in place of the bare connection.
type hijacker struct {
	http.ResponseWriter
	wire *wire
}

// Hijack takes the connection over (see [http.Hijacker]).
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	bare, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.wire = newWire(bare)
	return h.wire, buffers, err
}
