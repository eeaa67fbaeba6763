package engine

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"time"
)

// When a worker that answers queries is replaced, so that memory which it could
// not give back does not add up.
const (
	maxTasks    = 500
	maxResident = 256 << 20
	maxIdle     = time.Minute
)

// pool is the workers that answer queries. They start when they are needed and
// stay for a while.
type pool struct {
	start func() (*worker, error)
	slots chan struct{} // a token for each worker that may be busy

	mu     sync.Mutex
	closed bool
	idle   []*worker
}

func newPool(size int, start func() (*worker, error)) *pool {
	return &pool{start: start, slots: make(chan struct{}, size)}
}

// ask lets some worker do the task once one is free.
func (p *pool) ask(ctx context.Context, t task) (event, *os.File, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return event{}, nil, context.Cause(ctx)
	}
	for {
		w, err := p.take()
		if err != nil {
			return event{}, nil, err
		}
		fresh := w.tasks == 0
		last, file, err := w.ask(ctx, t, func(event) error { return nil })
		if errors.Is(err, errNotAsked) && !fresh { // it died while nobody looked
			continue
		}
		if err == nil {
			p.keep(w, last)
		}
		return last, file, err
	}
}

// keep takes a worker back unless it is worn.
func (p *pool) keep(w *worker, last event) {
	if w.tasks >= maxTasks || last.Resident > maxResident || last.Failure != nil && last.Failure.Fatal {
		w.end()
	} else {
		p.giveBack(w)
	}
}

// take gives the worker that was busy last, else a new one.
func (p *pool) take() (*worker, error) {
	for {
		w := p.last()
		if w == nil {
			return p.start()
		}
		if !w.dead() {
			return w, nil
		}
	}
}

func (p *pool) last() *worker {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	w := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	w.idle.Stop()
	return w
}

func (p *pool) giveBack(w *worker) {
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.idle = append(p.idle, w)
		w.idle = time.AfterFunc(maxIdle, func() { p.expire(w) })
	}
	p.mu.Unlock()
	if closed {
		w.end()
	}
}

// expire ends a worker that nobody has asked for a while.
func (p *pool) expire(w *worker) {
	p.mu.Lock()
	i := slices.Index(p.idle, w)
	if i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		w.end()
	}
}

// close ends the idle workers; busy ones end with their tasks.
func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, w := range idle {
		w.idle.Stop()
		w.end()
	}
}
