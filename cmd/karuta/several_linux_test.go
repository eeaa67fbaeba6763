package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/table/dynamo"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// several are API processes behind one Redis and one store. They have no executor,
// which nothing here needs.
type several struct {
	redis   *testkit.RedisServer
	all     []*process
	token   string
	environ []string
}

func newSeveral(t *testing.T, n int) *several {
	t.Helper()
	s := &several{redis: testkit.Redis(t, false)}
	endpoint := testkit.Dynoxide(t)
	tables, err := dynamo.Open(t.Context(), dynamo.Options{Endpoint: endpoint, Region: "ap-northeast-1", AccessKey: "local", SecretKey: "local"})
	if err == nil {
		err = tables.Init(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	s.environ = []string{
		"STORE=dynamodb", "DYNAMODB_ENDPOINT=" + endpoint, "REDIS_URL=" + s.redis.URL, "EXECUTOR_ENDPOINT=http://127.0.0.1:1",
		"JWT_SECRET_KEY=" + strings.Repeat("one key for all ", 3),
	}
	for range n {
		s.all = append(s.all, serveIn(t, t.TempDir(), s.environ))
	}
	ok(t, password+"\n", "user", "create", "--email", "hanako@example.com", "--role", "user", "--password-stdin", "--data-dir", s.all[0].dir)
	s.token = s.signIn(t, "hanako@example.com")
	return s
}

// password is everybody's.
const password = "Kirei-na-hana-1"

func (s *several) signIn(t *testing.T, email string) (token string) {
	t.Helper()
	return apptest.Client{URL: s.all[0].url}.Must(t, `mutation($e: String!, $p: String!) { login(input: {email: $e, password: $p}) { accessToken } }`,
		map[string]any{"e": email, "p": password}).Str("login.accessToken")
}

// at is a client of one of the processes.
func (s *several) at(p *process) apptest.Client { return apptest.Client{URL: p.url, Token: s.token} }

func (s *several) dashboard(t *testing.T) string {
	t.Helper()
	return s.at(s.all[0]).Must(t, `mutation { createDashboard(input: {name: "売上"}) { dashboard { id } } }`, nil).Str("createDashboard.dashboard.id")
}

// rename changes a dashboard on a process and gives its new version.
func (s *several) rename(t *testing.T, p *process, id string) int {
	t.Helper()
	now := s.at(p).Must(t, `query($id: ID!) { dashboard(id: $id) { version } }`, map[string]any{"id": id}).Get("dashboard.version")
	changed := s.at(p).Must(t, `mutation($id: ID!, $v: Int!) { updateDashboard(input: {id: $id, version: $v, name: "別の名前"}) { dashboard { version } } }`,
		map[string]any{"id": id, "v": now})
	return int(changed.Get("updateDashboard.dashboard.version").(float64))
}

// change is an event of dashboardChanged, or why there is none.
type change struct {
	Seq     int64
	Kind    string
	Version int
	code    string // of the error that ends it
	over    bool   // nothing comes any more
}

// stream is what one process tells somebody.
type stream struct {
	told   chan string // "" at the end
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

func (s *several) follow(t *testing.T, p *process, id string, after int64) *stream {
	t.Helper()
	argument := ""
	if after != 0 {
		argument = ", after: " + strconv.FormatInt(after, 10)
	}
	return listen(t, s.at(p), fmt.Sprintf(`subscription { dashboardChanged(dashboardId: %q%s) { seq kind version } }`, id, argument))
}

func listen(t *testing.T, c apptest.Client, document string) *stream {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": document})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &stream{told: make(chan string, 1000), cancel: cancel}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Accept": "text/event-stream", "Content-Type": "application/json", "Authorization": "Bearer " + c.Token} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	f.ended.Go(func() { f.read(resp) })
	t.Cleanup(f.cut)
	return f
}

func (f *stream) read(resp *http.Response) {
	defer func() { _ = resp.Body.Close(); f.told <- "" }()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if data, found := strings.CutPrefix(lines.Text(), "data: "); found && json.Valid([]byte(data)) { // half a line of a killed process is none
			f.told <- data
		}
	}
}

// cut is a client that goes away.
func (f *stream) cut() {
	f.cancel()
	f.ended.Wait()
}

// line is what is told next, "" at the end.
func (f *stream) line(t *testing.T) string {
	t.Helper()
	select {
	case line := <-f.told:
		return line
	case <-time.After(patience):
		t.Fatal("nothing was told")
		return ""
	}
}

func (f *stream) next(t *testing.T) change {
	t.Helper()
	var result struct {
		Data   struct{ DashboardChanged change }
		Errors []struct{ Extensions struct{ Code string } }
	}
	line := f.line(t)
	if line == "" {
		return change{over: true}
	}
	if err := json.Unmarshal([]byte(line), &result); err != nil {
		t.Fatal(err)
	}
	if len(result.Errors) > 0 {
		return change{code: result.Errors[0].Extensions.Code}
	}
	return result.Data.DashboardChanged
}

func (f *stream) kind(t *testing.T, want string) change {
	t.Helper()
	c := f.next(t)
	if c.Kind != want {
		t.Fatalf("told %+v, want %s", c, want)
	}
	return c
}

// API-1, SCL-2: what happens on one process is told on all, in one order.
func TestProcessesBehindOneRedisAreOne(t *testing.T) {
	n := 2
	if os.Getenv("KARUTA_LONG") != "" {
		n = 4
	}
	s := newSeveral(t, n)
	id := s.dashboard(t)
	var streams []*stream
	for _, p := range s.all {
		f := s.follow(t, p, id, 0)
		f.kind(t, "OPENED")
		streams = append(streams, f)
	}
	var seen int64
	for _, p := range s.all {
		version := s.rename(t, p, id)
		first := streams[0].kind(t, "UPDATED")
		for _, f := range streams[1:] {
			if c := f.kind(t, "UPDATED"); c != first {
				t.Errorf("one is told %+v, another %+v", first, c)
			}
		}
		if first.Version != version || first.Seq <= seen {
			t.Errorf("version %d is told as %+v after %d", version, first, seen)
		}
		seen = first.Seq
	}
	s.resumeElsewhere(t, id, streams[0], seen)
	s.meet(t, id)
	s.signOut(t)
	s.killOne(t, id)
	s.killUntold(t, id)
	s.killRedis(t, id)
}

// resumeElsewhere cuts a client off and lets it continue on the last process.
func (s *several) resumeElsewhere(t *testing.T, id string, f *stream, seen int64) {
	f.cut()
	want := []int{s.rename(t, s.all[0], id), s.rename(t, s.all[1], id)}
	again := s.follow(t, s.all[len(s.all)-1], id, seen)
	if got := []int{again.kind(t, "UPDATED").Version, again.kind(t, "UPDATED").Version}; !slices.Equal(got, want) {
		t.Errorf("resumed with %v, want %v", got, want)
	}
}

const look = `subscription { dashboardPresence(dashboardId: %q) { users { id } } }`

// meet lets two people look at a dashboard through two processes: each is told of the
// other, when they come and when they go.
func (s *several) meet(t *testing.T, id string) {
	one := listen(t, s.at(s.all[0]), fmt.Sprintf(look, id))
	one.people(t, 1)
	boss := s.boss(t)
	two := listen(t, apptest.Client{URL: s.all[1].url, Token: boss}, fmt.Sprintf(look, id))
	two.people(t, 2)
	one.people(t, 2)
	two.cut()
	one.people(t, 1)
	one.cut()
}

// people waits until so many are told to be there.
func (f *stream) people(t *testing.T, n int) {
	t.Helper()
	for strings.Count(f.line(t), `"id"`) != n {
	}
}

// boss is the token of an administrator.
func (s *several) boss(t *testing.T) string {
	t.Helper()
	ok(t, password+"\n", "user", "create", "--email", "boss@example.com", "--role", "admin", "--password-stdin", "--data-dir", s.all[0].dir)
	return s.signIn(t, "boss@example.com")
}

// signOut ends a session on one process: its socket on another is closed at once.
func (s *several) signOut(t *testing.T) {
	token := s.signIn(t, "hanako@example.com")
	ws, _, err := (&websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}).Dial("ws"+strings.TrimPrefix(s.all[1].url, "http")+"/graphql/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"connection_init","payload":{"token":"`+token+`"}}`)); err != nil {
		t.Fatal(err)
	}
	if _, said, err := ws.ReadMessage(); err != nil || !strings.Contains(string(said), "connection_ack") {
		t.Fatal(string(said), err)
	}
	began := time.Now()
	apptest.Client{URL: s.all[0].url, Token: token}.Must(t, `mutation { logout { loggedOut } }`, nil)
	_ = ws.SetReadDeadline(time.Now().Add(patience))
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, 4403) {
		t.Errorf("the socket ends with %v", err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}

// killOne kills a process in the middle of a stream of changes: its client goes to
// another one and misses nothing.
func (s *several) killOne(t *testing.T, id string) {
	f := s.follow(t, s.all[0], id, 0)
	last := f.kind(t, "OPENED")
	var want, got []int
	var killed time.Time
	for i := range 20 {
		want = append(want, s.rename(t, s.all[1], id))
		if i == 15 {
			killed = time.Now()
			if err := s.all[0].cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = s.all[0].wait()
		}
	}
	for c := f.next(t); !c.over; c = f.next(t) {
		got, last = append(got, c.Version), c
	}
	again := s.follow(t, s.all[1], id, last.Seq)
	for len(got) < len(want) {
		c := again.next(t)
		if c.code == "EVENTS_GONE" && time.Since(killed) > 5*time.Second { // its end was noticed before all was read
			got = want
			break
		}
		got = append(got, c.Version)
	}
	if !slices.Equal(got, want) {
		t.Errorf("told %v, changed were %v", got, want)
	}
	s.all[0] = serveIn(t, t.TempDir(), s.environ)
}

// killUntold kills a process after it has committed a change and before it could tell
// of it: who watches elsewhere is told to read anew, and so is who resumes.
func (s *several) killUntold(t *testing.T, id string) {
	way := newWay(t, strings.TrimPrefix(s.redis.URL, "redis://"))
	dies := serveIn(t, t.TempDir(), append(slices.Clone(s.environ), "REDIS_URL=redis://"+way.address))
	for f := s.follow(t, s.all[1], id, 0); ; f = s.follow(t, s.all[1], id, 0) {
		last := f.kind(t, "OPENED")
		if last = f.until(t, s.rename(t, dies, id)); last.over { // the gap of who was killed before
			continue
		}
		way.swallow.Store(true)
		s.rename(t, dies, id) // nobody hears of it
		if err := dies.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = dies.wait()
		if c := f.next(t); c.code != "EVENTS_GONE" {
			t.Errorf("told %+v, and something is missing", c)
		}
		if c := s.follow(t, s.all[0], id, last.Seq).next(t); c.code != "EVENTS_GONE" {
			t.Errorf("who resumes is told %+v", c)
		}
		return
	}
}

// until is the event of the version, or the end.
func (f *stream) until(t *testing.T, version int) change {
	t.Helper()
	for {
		if c := f.next(t); c.Version == version || c.over {
			return c
		}
	}
}

// way is a process's way to Redis, on which what it says may be lost.
type way struct {
	address string
	swallow atomic.Bool
}

func newWay(t *testing.T, to string) *way {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &way{address: l.Addr().String()}
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			ended.Go(func() { w.carry(from, to) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); ended.Wait() })
	return w
}

// carry carries what one connection says until one side ends.
func (w *way) carry(from net.Conn, to string) {
	defer from.Close()
	there, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() { _, _ = io.Copy(from, there); _ = from.Close() })
	buffer := make([]byte, 32<<10)
	for n, err := from.Read(buffer); err == nil; n, err = from.Read(buffer) {
		if !w.swallow.Load() {
			_, _ = there.Write(buffer[:n])
		}
	}
	_ = there.Close()
	back.Wait()
}

// killRedis kills Redis: nobody is told that they know everything, and from the new
// beginning on everybody is told again.
func (s *several) killRedis(t *testing.T, id string) {
	f := s.follow(t, s.all[0], id, 0)
	old := f.kind(t, "OPENED")
	s.redis.Kill()
	s.rename(t, s.all[1], id) // nobody hears of it
	s.redis.Restart(t)
	if c := f.next(t); c.code != "EVENTS_GONE" {
		t.Errorf("told %+v, and something is missing", c)
	}
	for _, p := range s.all {
		if c := s.follow(t, p, id, old.Seq).next(t); c.code != "EVENTS_GONE" {
			t.Errorf("who resumes is told %+v", c)
		}
		again := s.follow(t, p, id, 0)
		begun := again.kind(t, "OPENED")
		until(t, func() bool { status, body := get(t, p.url+"/api/ready"); return status == 200 && eventsWork(body) })
		version := s.rename(t, p, id)
		for c := again.next(t); c.Version != version; c = again.next(t) {
			if c.over || c.code != "" {
				again = s.follow(t, p, id, 0) // a gap that another process owed
			}
		}
		if begun.Seq <= old.Seq {
			t.Errorf("%d after %d", begun.Seq, old.Seq)
		}
	}
}

func eventsWork(body string) bool {
	_, rest, found := strings.Cut(body, `"name":"events"`)
	rest, _, _ = strings.Cut(rest, "}")
	return found && strings.Contains(rest, `"OK"`)
}
