package remote

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// Options say which server, and as whom.
type Options struct {
	URL       string                 // https://karuta.example.com, with a path where it stands behind one
	Token     func() (string, error) // of a session or an API key; asked for anew at every connection
	Locale    core.Locale            // in which the server says what is wrong
	PlainHTTP bool                   // also to another machine: token and data can be read on the way

	// Told hears what happens to the connection while something is followed; nil for nobody.
	Told func(Notice)
}

// Notice is what happened to a connection.
type Notice struct {
	Kind  NoticeKind
	Cause error         // for Lost
	Pause time.Duration // for Lost: before the next attempt
}

// NoticeKind is which it is.
type NoticeKind int

// The kinds of notices.
const (
	Lost   NoticeKind = iota // it is gone and made anew; told once until it is back
	Back                     // it is there again
	Missed                   // some of what was told meanwhile is not known any more: the state was read anew
)

// Server is a server as its client sees it. It is safe for concurrent use.
type Server struct {
	Options
	base *url.URL
	http *http.Client
	text atomic.Bool // the server knows none of the registered operations

	reached atomic.Int64 // when it last answered or a connection to it was lost, in nanoseconds since 1970; 0 for never

	times times
}

// times are how long is waited. They are a field for the sake of tests.
type times struct {
	init   time.Duration // for the answers to an upgrade and to connection_init
	ping   time.Duration // between two pings
	silent time.Duration // without any frame, after which a connection is dead
	ask    time.Duration // without news, after which it is asked anew how things stand
	pause  time.Duration // before a second attempt; doubled each time
	pauses time.Duration // at most
	giveUp time.Duration // without a connection
}

// GiveUp is for how long a lost connection is made anew.
const GiveUp = 5 * time.Minute

var standardTimes = times{
	init: 10 * time.Second, ping: 10 * time.Second, silent: 25 * time.Second, ask: time.Minute,
	pause: 250 * time.Millisecond, pauses: 15 * time.Second, giveUp: GiveUp,
}

// New is a client of the server. It connects to nothing yet.
func New(o Options) (*Server, error) {
	base, err := url.Parse(o.URL)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.User != nil || base.RawQuery != "":
		return nil, fmt.Errorf("%q is not the address of a server: give it as https://karuta.example.com", o.URL)
	case base.Scheme == "http" && !o.PlainHTTP && !core.IsLoopback(base.Hostname()):
		return nil, fmt.Errorf("%s is not on this machine, and http:// hides nothing on the way: use https://, or allow it with --plain-http", base.Host)
	}
	if o.Told == nil {
		o.Told = func(Notice) {}
	}
	return &Server{Options: o, base: base, times: standardTimes, http: &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errMoved },
	}}, nil
}

// errMoved refuses to carry the token elsewhere.
var errMoved = errors.New("the server sends its clients to another address; give that one")
