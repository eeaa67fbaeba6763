package socket

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	batchBytes = 32 << 10 // frames that wait together go out when they are so many bytes
	chunk      = 64 << 10 // bytes of which a reader must take one within the write limit
)

// wire is the connection under a socket. While it is corked, frames wait for
// each other and leave in one write. How long a write takes is watched from
// outside (see sweep), because a deadline for each write would cost a timer each.
type wire struct {
	net.Conn
	since  atomic.Int64 // when the write that is under way began, as UnixNano; 0: none is
	unread atomic.Int64 // bytes written since the other side last proved that it reads

	mu     sync.Mutex // gorilla writes some control frames from the reading side
	corked bool
	batch  *[]byte
}

var batches = sync.Pool{New: func() any { b := make([]byte, 0, batchBytes); return &b }}

// SetWriteDeadline does nothing, for gorilla sets one before every frame.
func (*wire) SetWriteDeadline(time.Time) error { return nil }

// Write writes frames, or keeps them until the cork is drawn.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.corked {
		return len(p), w.write(p)
	}
	if w.batch == nil {
		w.batch = batches.Get().(*[]byte)
	}
	if len(*w.batch)+len(p) > batchBytes {
		if err := w.flush(); err != nil {
			return 0, err
		}
		if len(p) > batchBytes {
			return len(p), w.write(p)
		}
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

func (w *wire) write(p []byte) error {
	w.unread.Add(int64(len(p)))
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
	h.wire = &wire{Conn: bare}
	return h.wire, buffers, err
}
