package bus

import (
	"context"
	"errors"
	"sync/atomic"
)

// Event is one piece of news of a topic.
type Event struct {
	Seq  int64  // microseconds since 1970, always more than the event before; an integer for JavaScript, too
	Data []byte // shared by all who get it, therefore never changed; nil in a gap
	Gap  bool   // events before this one may be missing; what is known must be read anew
}

// Bus is what both engines do.
type Bus interface {
	// Publish makes the data the topic's next event. It waits for no subscriber.
	// What could not be published is a gap for everybody, once Redis answers again.
	Publish(ctx context.Context, topic string, data []byte) (seq int64, err error)
	// Subscribe lets deliver have every event of the topic whose number is greater
	// than after, in order and one at a time; 0 means from now on. ErrGone tells that
	// the tail does not reach back so far. deliver must not wait for anything: all
	// subscribers of the process are served by one goroutine. It must not call Close
	// of the bus.
	Subscribe(topic string, after int64, deliver func(Event)) (*Subscription, error)
	// Tail are the kept events of the topic from after the one number up to the other;
	// ErrGone as of Subscribe.
	Tail(topic string, after, upTo int64) ([]Event, error)
	// Check tells why nothing can be published, where that is so.
	Check() error
	// Close ends all subscriptions and waits for what is being delivered.
	Close() error
}

// Errors of a bus.
var (
	ErrGone    = errors.New("bus: the tail does not reach back so far")
	ErrClosed  = errors.New("bus: closed")
	ErrAway    = errors.New("bus: Redis does not answer")
	ErrTooLong = errors.New("bus: the event is too long")
)

// MaxData is how many bytes an event may have: it tells what happened, and who wants
// to know more asks.
const MaxData = 16 << 10

// How much of the past is kept, for everybody together and for one topic.
const (
	keptEvents = 4096
	keptBytes  = 16 << 20
	keptTopic  = 256
)

// Subscription is one who watches a topic.
type Subscription struct {
	// From is the number after which events are delivered: what was read of the
	// world after Subscribe is at least as new.
	From int64

	relay   *relay
	topic   string
	deliver func(Event)
	backlog []Event // of the tail, before what is new
	passed  int64   // events up to this number were delivered or were before its time
	left    atomic.Bool
}

// Close ends the subscription; of calls of deliver one may still be under way.
func (s *Subscription) Close() { s.relay.leave(s) }
