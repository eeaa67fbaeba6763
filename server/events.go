package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	eventsPulse = 12 * time.Second // between two comments where nothing else is told: proxies cut what is silent
	eventsWrite = 10 * time.Second // for a reader to take what is written
	eventsRetry = 3 * time.Second  // after which a browser comes back
)

// What one stream may have waiting for its reader; who reads more slowly is cut off
// and continues after the last event that came.
const (
	eventsQueue = 256
	eventsBytes = 1 << 20
)

// events answers with a stream of events, one for each result, in the "distinct
// connections mode" of the protocol graphql-sse. Whatever is wrong is told as a
// result, too: a browser would show nothing of another status.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	held := s.hold(r)
	defer held.Leave()
	req, problem := s.decode(w, r, held)
	refused, _ := errors.AsType[*refusal](problem)
	if problem != nil && r.Method != http.MethodGet && r.Method != http.MethodPost {
		writeRefusal(w, r, typeJSON, refused)
		return
	}
	s.tell(w, r, req, refused)
}

// tell answers with the results of a request, or with why there are none.
func (s *server) tell(w http.ResponseWriter, r *http.Request, req *request, refused *refusal) {
	leave, err := s.streams.enter(core.ActorFrom(r.Context()), s.Sockets.PerUser, s.Sockets.PerAddress, s.Sockets.Total)
	if err != nil {
		writeRefusal(w, r, typeJSON, &refusal{err})
		return
	}
	defer leave()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	out := newEventStream(w, cancel)
	out.begin()
	c := s.listener(ctx, r)
	var work sync.WaitGroup
	if refused != nil {
		out.Fail(s.engine.refusal(ctx, refused.err))
	} else {
		after, _ := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64) // ours are numbers
		req.client, req.end, req.stream, req.after = c.client, c.end, true, max(after, 0)
		work.Go(func() { s.engine.serve(ctx, req, out) })
	}
	out.write(ctx, c.ended, s.ending)
	cancel()
	work.Wait()
}

// listener is whoever asked for a stream; they have ended when they are not let in any more.
func (s *server) listener(ctx context.Context, r *http.Request) *caller {
	c := &caller{s: s, from: r.Context(), client: clientOf(r.Header), ended: make(chan struct{})}
	if err := c.listen(ctx); err != nil {
		c.end()
	}
	if until := signedInUntil(r.Context()); !until.IsZero() {
		timer := time.AfterFunc(time.Until(until), c.end)
		context.AfterFunc(ctx, func() { timer.Stop() })
	}
	return c
}

// eventStream is the sink of one stream.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	cancel  context.CancelFunc

	mu    sync.Mutex
	queue [][]byte
	bytes int
	over  bool          // nothing more is taken
	stir  chan struct{} // something waits
}

func newEventStream(w http.ResponseWriter, cancel context.CancelFunc) *eventStream {
	return &eventStream{w: w, control: http.NewResponseController(w), cancel: cancel, stir: make(chan struct{}, 1)}
}

// begin sends the head. From here on the reader's pace counts, not the length. What is
// no result stands at the beginning of the event that follows: Spring's client takes a
// block of its own for the end.
func (s *eventStream) begin() {
	_ = s.control.SetReadDeadline(time.Time{}) // tests' writers have no deadlines
	h := s.w.Header()
	h.Set("Content-Type", typeEvents+"; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // a proxy must not collect it
	s.push([]byte("retry: "+strconv.FormatInt(eventsRetry.Milliseconds(), 10)+"\n"), false)
}

// Next implements [socket.Sink].
func (s *eventStream) Next(payload []byte) bool { return s.NextNumbered(0, payload) }

// NextNumbered implements [hub.Numbered]. A browser that comes back names the number.
func (s *eventStream) NextNumbered(seq int64, payload []byte) bool {
	event := make([]byte, 0, len(payload)+64)
	if event = append(event, "event: next\n"...); seq != 0 {
		event = append(strconv.AppendInt(append(event, "id: "...), seq, 10), '\n')
	}
	event = append(append(event, "data: "...), payload...) // JSON of ours has no line breaks
	return s.push(append(event, "\n\n"...), false)
}

// Fail implements [socket.Sink].
func (s *eventStream) Fail(problems []byte) {
	s.Next(append(append([]byte(`{"errors":`), problems...), '}'))
	s.Complete()
}

// Complete implements [socket.Sink].
func (s *eventStream) Complete() { s.push([]byte("event: complete\ndata: \n\n"), true) }

func (s *eventStream) push(event []byte, last bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	if len(s.queue) >= eventsQueue || s.bytes+len(event) > eventsBytes && len(s.queue) > 0 {
		s.over = true
		s.cancel()
		return false
	}
	s.queue, s.bytes, s.over = append(s.queue, event), s.bytes+len(event), last
	select {
	case s.stir <- struct{}{}:
	default:
	}
	return true
}

// taken is all that waits; more tells whether something may come after it.
func (s *eventStream) taken() (events [][]byte, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	events, s.queue, s.bytes = s.queue, nil, 0
	return events, !s.over
}

// write sends what is told until there is nothing more to tell, or nobody may be told
// more.
func (s *eventStream) write(ctx context.Context, ends, ending <-chan struct{}) {
	pulse := time.NewTicker(eventsPulse)
	defer pulse.Stop()
	for {
		events, more := s.taken()
		if len(events) > 0 && s.send(events...) != nil || !more {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ends:
			return
		case <-ending:
			return
		case <-s.stir:
		case <-pulse.C:
			if s.send([]byte(":\n")) != nil { // begins the next event
				return
			}
		}
	}
}

func (s *eventStream) send(events ...[]byte) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(eventsWrite))
	for _, event := range events {
		if _, err := s.w.Write(event); err != nil {
			return err
		}
	}
	return s.control.Flush()
}
