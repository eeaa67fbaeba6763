package socket_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/karuta-bi/karuta/server/socket"
)

// long tells that the long form of tests is asked for.
func long() bool { return os.Getenv("KARUTA_LONG") != "" }

// catcher is a client whose operations the test plays itself.
type catcher struct {
	player
	sinks chan socket.Sink
}

func (c *catcher) Run(_ context.Context, _ socket.Request, sink socket.Sink) { c.sinks <- sink }

// caught makes everybody a catcher.
func caught() (*catcher, func(*socket.Options)) {
	c := &catcher{sinks: make(chan socket.Sink, 100)}
	return c, func(o *socket.Options) {
		o.Admit = func(*http.Request, json.RawMessage) (socket.Client, error) { return c, nil }
	}
}

// quickPings are the times of tests that wait for pings.
func quickPings(w *socket.Times) {
	w.Idle, w.Busy, w.Pong, w.Sweep = 500*time.Millisecond, 300*time.Millisecond, 600*time.Millisecond, 20*time.Millisecond
}

// patience is for tests that are about anything but time.
func patience(w *socket.Times) { w.Init, w.Pong, w.Write = hang, hang, hang }

// A reader that does not read costs its own socket and nobody's time: the queue
// is full, the socket closes, and no call has waited.
func TestNobodyWaitsForASlowReader(t *testing.T) {
	c, catch := caught()
	s := play(t, catch, limits(func(l *socket.Limits) { l.Queue, l.QueueBytes = 64, 1<<20 }),
		times(func(w *socket.Times) { w.Close = 500 * time.Millisecond }))
	slow, quick := admitted(t, s, ""), admitted(t, s, "")
	_ = slow.say(subscribe("1", forever))
	stuck := <-c.sinks
	_ = quick.say(subscribe("1", forever))
	fine := <-c.sinks
	event := []byte(`{"data":"` + strings.Repeat("x", 64<<10) + `"}`)
	longest := time.Duration(0)
	for n, reads := 0, true; reads; n++ {
		began := time.Now()
		reads = stuck.Next(event)
		longest = max(longest, time.Since(began))
		if n > 1000 {
			t.Fatal("64 MB wait for one reader")
		}
		if !fine.Next([]byte(`{}`)) {
			t.Fatal("the other reader is closed")
		}
		quick.expect(t, `{"id":"1","payload":{},"type":"next"}`)
	}
	if longest > 5*time.Second { // a write waits for 8
		t.Errorf("a call has waited for %v", longest)
	}
	eventually(t, "the slow one is gone", func() bool { return s.Open() == 1 })
	if stuck.Next(event) {
		t.Error("somebody reads it still")
	}
}

// Of all that a client may do without reading, nothing keeps its socket open: a
// pong that answers no ping of ours proves nothing.
func TestAReaderThatOnlyAnswersPingsIsClosed(t *testing.T) {
	for name, chatter := range map[string][]byte{
		"nothing": nil, "pongs": masked(true, opPong, nil), "pongs with a number": masked(true, opPong, []byte("0")),
		"messages": masked(true, opText, []byte(`{"type":"pong"}`)),
	} {
		t.Run(name, func(t *testing.T) {
			c, catch := caught()
			change := quickPings
			if long() {
				change = func(*socket.Times) {} // the standard times
			}
			s := play(t, catch, times(change))
			r := admitted(t, s, "")
			_ = r.say(subscribe("1", forever))
			sink := <-c.sinks
			began := time.Now()
			for sink.Next([]byte(`{"data":1}`)) && time.Since(began) < 20*time.Second {
				_, _ = r.Write(chatter)
				time.Sleep(20 * time.Millisecond)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it was read for %v", took)
			}
			eventually(t, "it is gone", func() bool { return s.Open() == 0 })
		})
	}
}

// The sum of the standard times is what is promised of who does not read.
func TestTheStandardTimesCloseWithinTenSeconds(t *testing.T) {
	if w := socket.StandardTimes(); w.Busy+w.Pong+2*w.Sweep >= 10*time.Second || w.Write+w.Sweep >= 10*time.Second {
		t.Errorf("%+v", w)
	}
}

// A connection whose other end is gone without a word is found by a ping, even
// where nothing is written.
func TestAHalfOpenConnectionIsFound(t *testing.T) {
	s := play(t, times(quickPings), times(func(w *socket.Times) { w.Pong = 3 * time.Second }))
	dead, alive := admitted(t, s, ""), admitted(t, s, "")
	dead.silent = true
	done := make(chan []string)
	go func() { done <- alive.all(5 * time.Second) }()
	if heard := dead.all(hang); len(heard) != 1 || heard[0] != "end" {
		t.Errorf("the dead one heard %q", heard)
	}
	if heard := <-done; len(heard) != 0 || s.Open() != 1 {
		t.Errorf("the one that answers heard %q, %d are open", heard, s.Open())
	}
}

// A slow line is no reason to be closed, as long as it reads.
func TestWhoReadsSlowlyStays(t *testing.T) {
	c, catch := caught()
	s := play(t, catch, times(quickPings), times(func(w *socket.Times) { w.Pong = 5 * time.Second }), limits(func(l *socket.Limits) { l.QueueBytes = 64 << 20 }))
	r := admitted(t, s, "")
	_ = r.say(subscribe("1", forever))
	sink := <-c.sinks
	payload := strings.Repeat("x", 200<<10)
	for range 5 {
		if !sink.Next([]byte(`{"data":"` + payload + `"}`)) {
			t.Fatal("it is closed")
		}
	}
	for i := range 5 {
		time.Sleep(300 * time.Millisecond) // in all longer than a silent one is waited for
		if got, err := r.hear(hang); err != nil || len(got) < len(payload) {
			t.Fatalf("message %d: %.100s, %v", i, got, err)
		}
	}
}

// Many frames that wait together keep their order and their borders, whatever
// their sizes; the bytes that sockets share stay as they are.
func TestWhatWaitsTogetherComesInOrder(t *testing.T) {
	c, catch := caught()
	s := play(t, catch, times(patience))
	var readers []*raw
	var sinks []socket.Sink
	for range 3 {
		r := admitted(t, s, "")
		_ = r.say(subscribe("1", forever))
		readers, sinks = append(readers, r), append(sinks, <-c.sinks)
	}
	sizes := []int{0, 1, 100, 125, 126, 4 << 10, 8<<10 - 1, 8 << 10, 9 << 10, 32 << 10, 64 << 10, 200 << 10}
	want := make([]string, 0, 3*len(sizes))
	for i := range cap(want) {
		payload := []byte(fmt.Sprintf(`{"n":%d,"x":"%s"}`, i, strings.Repeat("é", sizes[i%len(sizes)]/2)))
		want = append(want, canonical([]byte(`{"id":"1","type":"next","payload":`+string(payload)+`}`)))
		for _, sink := range sinks {
			sink.Next(payload)
		}
	}
	var all sync.WaitGroup
	for _, r := range readers {
		all.Go(func() {
			for i, w := range want {
				if got, err := r.hear(hang); err != nil || got != w {
					t.Errorf("message %d: %.100s, %v", i, got, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// What is said of an operation after its end is not heard.
func TestAnEndedOperationIsSilent(t *testing.T) {
	c, catch := caught()
	s := play(t, catch)
	r := admitted(t, s, "")
	for name, end := range map[string]func(socket.Sink){
		"complete": socket.Sink.Complete,
		"fail":     func(k socket.Sink) { k.Fail([]byte(`[{"message":"x"}]`)) },
		"client":   func(socket.Sink) { _ = r.say(`{"type":"complete","id":"1"}`) },
	} {
		_ = r.say(subscribe("1", forever))
		sink := <-c.sinks
		end(sink)
		if name != "client" {
			_, _ = r.hear(time.Second)
		}
		eventually(t, name, func() bool { return !sink.Next([]byte(`{}`)) || name == "client" && drop(r) })
		sink.Complete()
		sink.Fail([]byte(`[]`))
		_ = r.say(`{"type":"ping"}`)
		r.expect(t, `{"type":"pong"}`)
	}
}

// drop hears an event that was on its way.
func drop(r *raw) bool {
	_, _ = r.hear(time.Second)
	return false
}

// Over TLS, where a write cannot be tried, everything is the same.
func TestOverTLS(t *testing.T) {
	c, catch := caught()
	s := play(t, catch)
	secure := httptest.NewTLSServer(s.Handler)
	t.Cleanup(secure.Close)
	dialer := websocket.Dialer{Subprotocols: []string{socket.Protocol}, TLSClientConfig: secure.Client().Transport.(*http.Transport).TLSClientConfig}
	ws, _, err := dialer.Dial("wss"+strings.TrimPrefix(secure.URL, "https"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.Close() })
	_ = ws.WriteMessage(websocket.TextMessage, []byte(hello))
	_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping"}`))
	heard := map[string]bool{}
	for range 2 { // the answer to a ping may overtake the other
		_, text, err := ws.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		heard[string(text)] = true
	}
	if !heard[ack] || !heard[`{"type":"pong"}`] {
		t.Fatalf("heard %v", heard)
	}
	_ = ws.WriteMessage(websocket.TextMessage, []byte(subscribe("1", forever)))
	sink := <-c.sinks
	for i := range 200 {
		sink.Next(fmt.Appendf(nil, `{"n":%d,"x":"%s"}`, i, strings.Repeat("x", i*100)))
	}
	sink.Complete()
	for i := range 200 {
		_, text, err := ws.ReadMessage()
		if want := fmt.Sprintf(`{"id":"1","type":"next","payload":{"n":%d,`, i); err != nil || !strings.HasPrefix(string(text), want) {
			t.Fatalf("message %d: %.100s, %v", i, text, err)
		}
	}
	if _, text, err := ws.ReadMessage(); string(text) != `{"id":"1","type":"complete"}` {
		t.Errorf("%s, %v", text, err)
	}
}
