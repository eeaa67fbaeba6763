package socket

import (
	"runtime"
	"sync"
)

// writers are the few goroutines that write for all sockets, without waiting for
// any reader. They end when nothing is to be written.
type writers struct {
	mu      sync.Mutex
	ready   []*conn
	next    int // of ready, the ones before are taken
	running int
}

// share is how many sockets a writer takes at once.
const share = 32

func (w *writers) add(c *conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ready = append(w.ready, c)
	if w.running < runtime.GOMAXPROCS(0) {
		w.running++
		go w.run()
	}
}

func (w *writers) run() {
	var mine [share]*conn
	for n := w.take(&mine); n > 0; n = w.take(&mine) {
		for _, c := range mine[:n] {
			c.write()
		}
	}
}

// take takes the sockets that have waited longest. When none has, its goroutine
// must end.
func (w *writers) take(mine *[share]*conn) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := copy(mine[:], w.ready[w.next:])
	clear(w.ready[w.next : w.next+n])
	w.next += n
	if n == 0 {
		w.ready, w.next = w.ready[:0], 0
		w.running--
	}
	return n
}
