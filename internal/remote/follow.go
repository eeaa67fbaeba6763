package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// errSilent tells that nothing was heard for so long that it is asked anew how things stand.
var errSilent = errors.New("nothing was heard")

// step is what a subscription tells at once.
type step struct {
	seq  int64
	last bool
}

// only reads results that have one field, as all of these subscriptions do.
func only[T any](take func(*T) step) func(json.RawMessage) (step, error) {
	return func(data json.RawMessage) (step, error) {
		var fields map[string]*T
		err := json.Unmarshal(data, &fields)
		for _, told := range fields {
			if told != nil && err == nil {
				return take(told), nil
			}
		}
		return step{}, errors.Join(errors.New("the server speaks another schema"), err)
	}
}

// following is one subscription that outlives its connections.
type following struct {
	s    *Server
	id   string // of the operation
	of   string // of what is followed
	take func(data json.RawMessage) (step, error)

	after int64 // the event that is known
	last  bool
	tries int    // since there was a connection
	token string // of the last attempt
}

// follow tells what goes on until it has ended. A connection that is cut is made anew
// and goes on after the event that is known. It ends before with the context's error,
// a *Problem where the server refuses, and [ErrLost].
func (s *Server) follow(ctx context.Context, id, of string, take func(json.RawMessage) (step, error)) error {
	f := &following{s: s, id: id, of: of, take: take}
	for {
		err := f.listen(ctx)
		switch {
		case f.last:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if err = f.again(err); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(f.pause()):
		}
	}
}

// listen listens on one connection to its end.
func (f *following) listen(ctx context.Context) (err error) {
	if f.token, err = f.s.Token(); err != nil {
		return err
	}
	c, err := f.s.connect(ctx, f.token)
	if err != nil {
		return verdict(err)
	}
	if f.tries > 0 {
		f.s.Told(Notice{Kind: Back})
	}
	f.tries = 0
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var silent atomic.Bool
	ask := time.AfterFunc(f.s.times.ask, func() { silent.Store(true); cancel() })
	defer ask.Stop()
	variables := map[string]any{"id": f.of}
	if f.after != 0 {
		variables["after"] = f.after
	}
	err = c.run(ctx, f.id, variables, func(data json.RawMessage) error {
		ask.Reset(f.s.times.ask)
		told, err := f.take(data)
		f.after, f.last = told.seq, f.last || told.last
		return err
	})
	f.s.reached.Store(time.Now().UnixNano()) // however long the connection stood
	switch {
	case silent.Load() && !f.last:
		return errSilent
	case err == nil && !f.last: // it ended before what it is about
		return notReady{errors.New("the server ended the stream")}
	}
	return verdict(err)
}

// again says whether to connect anew after the error, and how: nil, or why not.
func (f *following) again(err error) error {
	p, refused := errors.AsType[*Problem](err)
	reached := f.s.reached.Load()
	switch {
	case err == errSilent:
		f.after = 0
		return nil
	case refused && p.Code == core.CodeEventsGone && f.after != 0:
		f.after = 0
		f.s.Told(Notice{Kind: Missed})
		return nil
	case refused && p.Code == core.CodeTokenExpired:
		if token, _ := f.s.Token(); token == f.token || token == "" {
			return p
		}
		return nil
	case refused && p.Code != core.CodeUnavailable && p.Code != core.CodeRateLimit:
		return p
	case reached == 0: // there never was a server
		return err
	case time.Since(time.Unix(0, reached)) > f.s.times.giveUp:
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	f.tries++
	if f.tries == 1 {
		f.s.Told(Notice{Kind: Lost, Cause: err, Pause: f.s.times.pause})
	}
	return nil
}

// pause is how long to wait before the next attempt: longer each time, and not the
// same for all who lost the same server.
func (f *following) pause() time.Duration {
	if f.tries == 0 {
		return 0
	}
	most := min(f.s.times.pause<<min(f.tries-1, 10), f.s.times.pauses)
	return most/2 + rand.N(most/2+1)
}
