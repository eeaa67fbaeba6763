package socket_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sys/unix"

	"github.com/karuta-bi/karuta/server/socket"
)

// benchServer names the server that a child of the benchmark is to be.
const benchServer = "KARUTA_BENCH_SOCKETS"

const (
	clockTicks = 100 // of a second, in /proc/PID/stat
	idle       = 20_000
	spare      = 300 // files that are no sockets
	audience   = 5_000
	rounds     = 60
)

// BenchmarkSockets shows what sockets cost a server, which is a process of its
// own so that its clients are not counted: memory of one on which nothing
// happens, messages for a second of its processor time, and how late they come.
// Beside it gqlgen with its own WebSocket transport, which is given each answer
// ready made.
func BenchmarkSockets(b *testing.B) {
	if kind := os.Getenv(benchServer); kind != "" {
		beServer(b, kind)
		return
	}
	idle := min(idle, files(b, idle+spare)-spare)
	for _, kind := range []string{"karuta", "gqlgen"} {
		b.Run("idle/"+kind, func(b *testing.B) { benchIdle(b, kind, idle) })
		for _, burst := range []int{1, 10} {
			b.Run(fmt.Sprintf("events-at-once=%d/%s", burst, kind), func(b *testing.B) { benchFanOut(b, kind, burst) })
		}
		b.Run("30000-a-second/"+kind, func(b *testing.B) { benchLate(b, kind) })
	}
}

// files lets the process have so many files open, or as many as it may.
func files(b *testing.B, n uint64) int {
	b.Helper()
	for _, most := range []uint64{n, 0} { // an administrator may have more than the limit, others have the limit
		var limit unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			b.Fatal(err)
		}
		limit.Max = max(limit.Max, most)
		limit.Cur = min(limit.Max, n)
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
			return int(limit.Cur)
		}
	}
	b.Skip("not run here: the number of open files cannot be set")
	return 0
}

// benchIdle opens sockets that say hello and nothing more.
func benchIdle(b *testing.B, kind string, idle int) {
	s := startServer(b, kind)
	empty := s.memory(b)
	began := time.Now()
	all := s.crowd(b, idle, "")
	b.ReportMetric(float64(idle), "sockets")
	b.ReportMetric(float64(idle)/time.Since(began).Seconds(), "connects/s")
	time.Sleep(2 * time.Second) // what is late settles
	before := s.processor(b)
	began = time.Now()
	time.Sleep(10 * time.Second)
	b.ReportMetric(100*(s.processor(b)-before).Seconds()/time.Since(began).Seconds(), "%cpu-idle")
	b.ReportMetric(float64(s.memory(b)-empty)/float64(idle)/1024, "KB/socket")
	s.ask(b, "/collect")
	b.ReportMetric(float64(s.memory(b)-empty)/float64(idle)/1024, "KB/socket-collected")
	if kind == "karuta" {
		began = time.Now()
		s.ask(b, "/drain")
		b.ReportMetric(time.Since(began).Seconds(), "s-drain")
	}
	all.leave()
	b.ReportMetric(0, "ns/op")
}

// benchFanOut publishes events, so many at once, each after the ones before have
// reached everybody.
func benchFanOut(b *testing.B, kind string, burst int) {
	s := startServer(b, kind)
	all := s.crowd(b, audience, forever)
	s.publish(b, 1)
	all.wait(b, audience)
	before := s.processor(b)
	for range rounds / burst {
		s.publish(b, burst)
		all.wait(b, int64(burst*audience))
	}
	b.ReportMetric(rounds*audience/(s.processor(b)-before).Seconds(), "messages/cpu-s")
	b.ReportMetric(float64(s.memory(b))/audience/1024, "KB/socket")
	all.leave()
	b.ReportMetric(0, "ns/op")
}

// benchLate publishes at an even pace and looks how late events come.
func benchLate(b *testing.B, kind string) {
	s := startServer(b, kind)
	all := s.crowd(b, audience, forever)
	tick := time.NewTicker(time.Second * audience / 30_000)
	defer tick.Stop()
	s.publish(b, 1)
	all.wait(b, audience)
	all.times(true)
	for range rounds {
		<-tick.C
		go s.publish(b, 1)
	}
	all.wait(b, rounds*audience)
	late := all.times(false)
	b.ReportMetric(float64(late[len(late)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(late[len(late)*99/100].Microseconds())/1000, "ms-p99")
	all.leave()
	b.ReportMetric(0, "ns/op")
}

// event is what everybody gets; its number is when it was published.
func event() []byte {
	return []byte(`{"data":{"dashboardChanged":{"seq":` + strconv.FormatInt(time.Now().UnixNano(), 10) +
		`,"dashboardId":"dash_0123456789abcdef0123456789abcdef","kind":"UPDATED","version":17,"by":{"name":"花子"}}},"extensions":{"requestId":"0123456789abcdef"}}`)
}

// hub is who listens.
type hub struct {
	mu    sync.Mutex
	sinks map[any]func([]byte)
}

func (h *hub) add(key any, send func([]byte)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sinks[key] = send
}

func (h *hub) remove(key any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sinks, key)
}

func (h *hub) publish() {
	h.mu.Lock()
	defer h.mu.Unlock()
	payload := event()
	for _, send := range h.sinks {
		send(payload)
	}
}

// listener is a client whose only operation is to listen.
type listener struct {
	player
	hub *hub
}

func (l *listener) Run(ctx context.Context, _ socket.Request, sink socket.Sink) {
	l.hub.add(sink, func(payload []byte) { sink.Next(payload) })
	context.AfterFunc(ctx, func() { l.hub.remove(sink) })
}

// ready is a schema of gqlgen's whose answers are made already.
type ready struct {
	schema *ast.Schema
	hub    *hub
}

func (r *ready) Schema() *ast.Schema { return r.schema }

func (r *ready) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (r *ready) Exec(ctx context.Context) graphql.ResponseHandler {
	events := make(chan []byte, 64)
	r.hub.add(events, func(payload []byte) { events <- payload })
	context.AfterFunc(ctx, func() { r.hub.remove(events) })
	return func(ctx context.Context) *graphql.Response {
		select {
		case <-ctx.Done():
			return nil
		case payload := <-events:
			return &graphql.Response{Data: payload}
		}
	}
}

// beServer serves until standard input ends.
func beServer(b *testing.B, kind string) {
	files(b, idle+spare)
	text, err := os.ReadFile(toolFolder + "/schema.graphql")
	if err != nil {
		b.Fatal(err)
	}
	h := &hub{sinks: map[any]func([]byte){}}
	var sockets http.Handler
	mux := http.NewServeMux()
	if kind == "karuta" {
		s := play(b, func(o *socket.Options) {
			o.Limits = socket.Limits{Total: 30_000, PerAddress: 30_000, PerUser: 100, Operations: 100, Message: 1 << 20, PerSecond: 50, Queue: 256, QueueBytes: 4 << 20, Life: time.Hour}
			o.Admit = func(*http.Request, json.RawMessage) (socket.Client, error) { return &listener{hub: h}, nil }
		})
		sockets = s.Handler
		mux.HandleFunc("/drain", func(http.ResponseWriter, *http.Request) { s.drain(9*time.Second, 3*time.Second) })
	} else {
		g := handler.New(&ready{gqlparser.MustLoadSchema(&ast.Source{Input: string(text)}), h})
		g.AddTransport(transport.Websocket{PingPongInterval: 25 * time.Second})
		sockets = g
	}
	mux.Handle("/", sockets)
	mux.HandleFunc("/publish", func(_ http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		for range n {
			h.publish()
		}
	})
	mux.HandleFunc("/collect", func(http.ResponseWriter, *http.Request) { debug.FreeOSMemory(); debug.FreeOSMemory() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }()
	fmt.Fprintln(os.NewFile(3, "told"), l.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = srv.Close()
}

// benchChild is a server in a process of its own.
type benchChild struct {
	pid     int
	address string
}

func startServer(b *testing.B, kind string) *benchChild {
	b.Helper()
	told, tell, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkSockets$", "-test.benchtime=1x")
	cmd.Env = append(os.Environ(), benchServer+"="+kind, "GOGC=400") // as internal/app sets it
	cmd.ExtraFiles = []*os.File{tell}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	_ = tell.Close()
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(told).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return &benchChild{cmd.Process.Pid, strings.TrimSpace(line)}
}

func (s *benchChild) ask(b *testing.B, path string) {
	answer, err := http.Get("http://" + s.address + path)
	if err != nil {
		b.Error(err)
		return
	}
	_ = answer.Body.Close()
}

func (s *benchChild) publish(b *testing.B, n int) { s.ask(b, "/publish?n="+strconv.Itoa(n)) }

// memory is what the server holds of the machine's memory, in bytes.
func (s *benchChild) memory(b *testing.B) int64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.pid))
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// processor is the processor time that the server has spent so far.
func (s *benchChild) processor(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		b.Fatal(err)
	}
	_, fields, _ := strings.Cut(string(stat), ") ")
	ticks := int64(0)
	for _, i := range []int{11, 12} { // user and system
		n, err := strconv.ParseInt(strings.Fields(fields)[i], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / clockTicks
}

// crowd is many clients that read whatever comes.
type crowd struct {
	readers sync.WaitGroup
	all     []*raw
	heard   atomic.Int64
	awaited int64

	mu     sync.Mutex
	timing bool
	late   []time.Duration
}

// crowd opens sockets, which subscribe to the document unless it is "".
func (s *benchChild) crowd(b *testing.B, n int, document string) *crowd {
	b.Helper()
	c := &crowd{}
	for range n {
		r, err := dialRaw(s.address, usual())
		if err != nil || !strings.HasPrefix(r.status, "101") {
			b.Fatalf("handshake: %+v, %v", r, err)
		}
		_ = r.say(hello)
		if got, err := r.hear(10 * time.Second); got != ack {
			b.Fatalf("%s, %v", got, err)
		}
		if document != "" {
			_ = r.say(subscribe("0b9f7b1e-6d0d-4f35-8f5a-3c3e1d6a9d11", document))
		}
		_ = r.SetReadDeadline(time.Time{})
		c.all = append(c.all, r)
		c.readers.Go(func() { c.read(r) })
	}
	for document != "" && !s.listen(b, c, n) { // until the last one is heard
	}
	return c
}

// listen publishes until everybody hears it.
func (s *benchChild) listen(b *testing.B, c *crowd, n int) bool {
	before := c.heard.Load()
	s.publish(b, 1)
	time.Sleep(500 * time.Millisecond)
	all := c.heard.Load()-before == int64(n)
	c.awaited = c.heard.Load()
	return all
}

func (c *crowd) read(r *raw) {
	for {
		_, op, payload, err := r.frame()
		switch {
		case err != nil:
			return
		case op == opPing:
			_, _ = r.Write(masked(true, opPong, payload))
		case op == opClose:
			_, _ = r.Write(masked(true, opClose, payload[:min(2, len(payload))]))
		case op == opText:
			c.hear(payload)
		}
	}
}

func (c *crowd) hear(payload []byte) {
	_, rest, found := strings.Cut(string(payload), `"seq":`)
	if !found {
		return
	}
	c.heard.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timing {
		text, _, _ := strings.Cut(rest, ",")
		at, _ := strconv.ParseInt(text, 10, 64)
		c.late = append(c.late, time.Duration(time.Now().UnixNano()-at))
	}
}

// times turns the watch on or off and gives what it showed, in order.
func (c *crowd) times(on bool) []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	late := c.late
	c.timing, c.late = on, nil
	slices.Sort(late)
	return late
}

// wait waits until so many more messages have been heard.
func (c *crowd) wait(b *testing.B, more int64) {
	b.Helper()
	c.awaited += more
	for began := time.Now(); c.heard.Load() < c.awaited; time.Sleep(200 * time.Microsecond) {
		if time.Since(began) > time.Minute {
			b.Fatal(errors.New("messages are missing: " + strconv.FormatInt(c.awaited-c.heard.Load(), 10)))
		}
	}
}

func (c *crowd) leave() {
	for _, r := range c.all {
		_ = r.Close()
	}
	c.readers.Wait()
}
