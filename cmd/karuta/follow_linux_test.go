package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
)

// relay stands between a client and a server, and cuts them off from each other.
type relay struct {
	net.Listener
	mu     sync.Mutex
	target string
	conns  []net.Conn
}

func newRelay(t *testing.T, p *process) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l}
	r.to(p)
	t.Cleanup(func() { _ = l.Close(); r.cut() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go r.carry(conn)
		}
	}()
	return r
}

func (r *relay) url() string { return "http://" + r.Addr().String() }

// to leads to another server from now on.
func (r *relay) to(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = strings.TrimPrefix(p.url, "http://")
}

func (r *relay) carry(from net.Conn) {
	r.mu.Lock()
	target := r.target
	r.mu.Unlock()
	to, err := net.Dial("tcp", target)
	if err != nil {
		_ = from.Close()
		return
	}
	r.mu.Lock()
	r.conns = append(r.conns, from, to)
	r.mu.Unlock()
	go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
	_, _ = io.Copy(from, to)
	_ = from.Close()
}

// cut ends all connections, as a broken wire does.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range r.conns {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
	r.conns = nil
}

// telling is code that tells 40 steps; with "rest" it rests for so many seconds on its
// way, with "after" it fails after so many steps.
const telling = `import time, karuta
def transform(inputs, params):
    for i in range(params.get("steps", 40)):
        print(f"line {i}!")
        karuta.progress((i + 1) / 40, f"step {i}")
        time.sleep(params.get("rest", 0.05) if i == 7 else 0.05)
        if i == params.get("after"):
            raise ValueError("列がありません")
    return list(inputs.values())[0]
`

func (a *author) transform(t *testing.T) (id string) {
	t.Helper()
	return a.Must(t, `mutation($input: CreateTransformInput!) { createTransform(input: $input) { transform { id } } }`,
		input("name", "変換", "code", telling, "inputs", []any{map[string]any{"datasetId": a.dataset}})).Str("createTransform.transform.id")
}

// follower is the program as somebody runs it who follows something.
type follower struct {
	out, err *tripwire
	sh       shell
	end      context.CancelFunc
}

func (a *author) follower(t *testing.T) *follower {
	t.Helper()
	f := &follower{out: &tripwire{trip: func() {}}, err: &tripwire{trip: func() {}}}
	ctx, end := context.WithCancel(context.Background())
	t.Cleanup(end)
	f.end, f.sh = end, shell{ctx: ctx, in: strings.NewReader(""), out: f.out, err: f.err, environ: append(environment(), "KARUTA_TOKEN="+a.Token)}
	return f
}

// when does something once, as soon as the word is on standard error.
func (f *follower) when(word string, trip func()) {
	var once sync.Once
	f.err.word, f.err.trip = word, func() { once.Do(trip) }
}

// once tells that each line of the code was told exactly once and in order.
func once(t *testing.T, told string, count int) {
	t.Helper()
	lines := regexp.MustCompile(`line (\d+)!`).FindAllStringSubmatch(told, -1)
	for i, l := range lines {
		if l[1] != fmt.Sprint(i) {
			t.Errorf("line %d is %s", i, l[0])
			return
		}
	}
	if len(lines) != count {
		t.Errorf("%d lines were told, want %d", len(lines), count)
	}
}

var ranWell = regexp.MustCompile(`^(exec_\w+)\nds_\w+  変換  version \d+: 2 rows\n$`)

func TestFollowing(t *testing.T) { // TR-3, DS-1
	p := serve(t, t.TempDir())
	a := newAuthor(t, p)
	id := a.transform(t)
	t.Run("over a wire that is cut", func(t *testing.T) { followsRun(t, p, a, id) })
	t.Run("on a terminal", func(t *testing.T) { showsRun(t, p, a, id) })
	t.Run("to all kinds of ends", func(t *testing.T) { endsOfRuns(t, p, a, id) })
	t.Run("until Ctrl-C", func(t *testing.T) { leavesRun(t, p, a, id) })
	t.Run("an import", func(t *testing.T) { followsImport(t, p, a) })
}

// A run is followed to its end, on a pipe and as JSON; nothing is lost and nothing
// comes twice.
func followsRun(t *testing.T, p *process, a *author, id string) {
	r := newRelay(t, p)
	f := a.follower(t)
	f.when("line 5!", r.cut)
	if code := run(f.sh, []string{"transform", "run", id, "--follow", "--server", r.url(), "--param", "rest=5"}); code != 0 || !ranWell.MatchString(f.out.String()) {
		t.Errorf("exit %d: %q %s", code, f.out, f.err)
	}
	once(t, f.err.String(), 40)
	for _, want := range []string{"queued", "running", "step 39", "100 %  succeeded", "karuta: connection lost", "karuta: connected again"} {
		if !strings.Contains(f.err.String(), want) {
			t.Errorf("%q was not told: %s", want, f.err)
		}
	}
	ran := ranWell.FindStringSubmatch(f.out.String())[1]

	f = a.follower(t)
	if code := run(f.sh, []string{"transform", "follow", ran, "--server", r.url(), "--json"}); code != 0 || f.err.String() != "" {
		t.Errorf("afterwards: exit %d: %s", code, f.err)
	}
	var step struct {
		ExecutionID, Status string
		Events              []any
	}
	if err := json.Unmarshal([]byte(f.out.String()), &step); err != nil || step.ExecutionID != ran || step.Status != "SUCCEEDED" || len(step.Events) < 80 {
		t.Errorf("as JSON: %v %s", err, f.out)
	}
}

// What the code prints stands above the bar.
func showsRun(t *testing.T, p *process, a *author, id string) {
	terminal, shown := pair(t, 60)
	f := a.follower(t)
	f.sh.err, f.sh.environ = terminal, append(f.sh.environ, "LANG=ja_JP.UTF-8")
	if code := run(f.sh, []string{"transform", "run", id, "--follow", "--server", p.url}); code != 0 || !ranWell.MatchString(f.out.String()) {
		t.Errorf("exit %d: %q %s", code, f.out, shown)
	}
	until(t, func() bool { return strings.HasSuffix(shown.String(), eraseLine) })
	once(t, shown.String(), 40)
	bar := regexp.MustCompile(`^\[#*\.*\] +\d+ %  (待機中|実行中|成功)  \d+:\d\d`)
	for _, piece := range strings.Split(shown.String(), eraseLine)[1:] {
		if piece != "" && !bar.MatchString(piece) && !strings.HasPrefix(piece, "  line ") {
			t.Errorf("shown %q", piece)
		}
	}
}

// How a run can end is in the exit code.
func endsOfRuns(t *testing.T, p *process, a *author, id string) {
	at := []string{"--server", p.url}
	ok(t, "Kirei-na-hana-1\n", "user", "create", "--email", "taro@example.com", "--role", "user", "--password-stdin", "--data-dir", p.dir)
	other := &author{Client: apptest.Client{URL: p.url}}
	other.Token = other.Must(t, login, input("email", "taro@example.com", "password", "Kirei-na-hana-1")).Str("login.accessToken")
	forged := &author{Client: apptest.Client{Token: "forged"}}
	past := strings.TrimSpace(a.ran(t, id, at).out)

	for name, c := range map[string]struct {
		who  *author
		args []string
		code int
		said string
	}{
		"fails":               {a, []string{"run", id, "-f", "--param", "after=3"}, exitFailed, "ValueError: 列がありません\nkaruta: "},
		"somebody else's":     {other, []string{"run", id, "-f"}, exitRefused, "karuta: "},
		"no such transform":   {a, []string{"run", "tf_01a2153a43787f4b8be51cf3398d9878"}, exitRefused, "karuta: "},
		"somebody else's run": {other, []string{"follow", past}, exitRefused, "karuta: "},
		"no such run":         {a, []string{"follow", past[:len(past)-4] + "0000"}, exitRefused, "karuta: "},
		"no id of a run":      {a, []string{"follow", "x"}, exitUsage, "karuta: "},
		"a forged token":      {forged, []string{"follow", past}, exitRefused, "does not let this token in"},
		"to start with it":    {forged, []string{"run", id}, exitRefused, "karuta: "},
		"bad parameters":      {a, []string{"run", id, "--params", "[1]"}, exitUsage, "not a JSON object"},
		"a name twice":        {a, []string{"run", id, "--param", "a=1", "--param", "a=2"}, exitUsage, "give each name once"},
		"no server there":     {a, []string{"follow", past, "--server", "http://127.0.0.1:1"}, exitFailed, "refused"},
		"in the clear":        {a, []string{"follow", past, "--server", "http://192.0.2.1"}, exitUsage, "--plain-http"},
	} {
		f := c.who.follower(t)
		if code := run(f.sh, append(append([]string{"transform"}, c.args...), onlyWhere(c.args, at)...)); code != c.code || !strings.Contains(f.err.String(), c.said) {
			t.Errorf("%s: exit %d, %q", name, code, f.err)
		}
	}
}

// onlyWhere is the server's address where the arguments name none.
func onlyWhere(args, at []string) []string {
	if strings.Contains(strings.Join(args, " "), "--server") {
		return nil
	}
	return at
}

func (a *author) ran(t *testing.T, id string, at []string) said {
	t.Helper()
	f := a.follower(t)
	code := run(f.sh, append([]string{"transform", "run", id, "-f", "-q", "--param", "steps=1"}, at...))
	if code != 0 || f.err.String() != "" {
		t.Fatalf("exit %d: %s", code, f.err)
	}
	id, _, _ = strings.Cut(f.out.String(), "\n")
	return said{code, id, ""}
}

// Ctrl-C ends the run where it was begun, and only leaves where it is watched.
func leavesRun(t *testing.T, p *process, a *author, id string) {
	at := []string{"--server", p.url, "--param", "steps=4000"}
	begun := a.follower(t)
	var watched *follower
	begun.when("line 2!", func() {
		ran, _, _ := strings.Cut(begun.out.String(), "\n")
		watched = a.follower(t)
		watched.when("line 2!", watched.end) // is told however late it comes
		if code := run(watched.sh, []string{"transform", "follow", ran, "--server", p.url}); code != exitUnwatched || !strings.Contains(watched.err.String(), "karuta transform follow "+ran+"\n") {
			t.Errorf("who left: exit %d, %s", code, watched.err)
		}
		second := a.follower(t)
		if code := run(second.sh, append([]string{"transform", "run", id}, at...)); code != exitFailed || !strings.Contains(second.err.String(), "karuta transform follow "+ran+"\n") {
			t.Errorf("a second run: exit %d, %s", code, second.err)
		}
		begun.end()
	})
	if code := run(begun.sh, append([]string{"transform", "run", id, "--follow"}, at...)); code != exitCancelled || !strings.Contains(begun.err.String(), "cancelled") {
		t.Errorf("who began it: exit %d, %s", code, begun.err)
	}
}

// followsImport sends a file over a wire that is cut while it is imported.
func followsImport(t *testing.T, p *process, a *author) {
	r, file := newRelay(t, p), manyRows(t, 300_000)
	f := a.follower(t)
	f.when("%  reading", r.cut)
	code := run(f.sh, []string{"import", file, "--follow", "--server", r.url(), "--name", "番号"})
	job, rest, _ := strings.Cut(f.out.String(), "\n")
	if code != 0 || !strings.HasPrefix(job, "job_") || !strings.Contains(rest, "番号: 300000 rows, 3 columns\n  int64     番号\n") || !strings.Contains(rest, "note: ") {
		t.Errorf("exit %d: %q %s", code, f.out, f.err)
	}
	f = a.follower(t)
	if code := run(f.sh, []string{"import", "follow", job, "--server", p.url, "-q"}); code != 0 || f.err.String() != "" || f.out.String() != rest {
		t.Errorf("afterwards: exit %d: %q %s", code, f.out, f.err)
	}
	broken := filepath.Join(t.TempDir(), "broken.csv")
	if err := os.WriteFile(broken, []byte("a,b\n1,2\n1,2,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f = a.follower(t)
	if code := run(f.sh, []string{"import", broken, "--follow", "--server", p.url}); code != exitFailed || !strings.Contains(f.err.String(), "(line 3, column ") {
		t.Errorf("a broken file: exit %d: %s", code, f.err)
	}
	f = a.follower(t)
	f.when("%  receiving", f.end)
	if code := run(f.sh, []string{"import", manyRows(t, 1_000_000), "--follow", "--server", p.url}); code != exitCancelled {
		t.Errorf("Ctrl-C: exit %d: %s", code, f.err)
	}
	forged := (&author{Client: apptest.Client{Token: "forged"}}).follower(t)
	if code := run(forged.sh, []string{"import", file, "--server", p.url}); code != exitRefused || forged.out.String() != "" {
		t.Errorf("a forged token: exit %d: %s", code, forged.err)
	}
}

// withKey is the same person with a key for registered operations alone.
func (a *author) withKey(t *testing.T, p *process) *author {
	t.Helper()
	ok(t, "", "pq", "publish", filepath.Join("..", "..", "schema", "operations", "karuta.json"), "--data-dir", p.dir)
	key := ok(t, "", "apikey", "create", "--email", "hanako@example.com", "--name", "n", "--scope", "operation:karuta/*", "--expires", "1d", "--data-dir", p.dir)
	return &author{Client: apptest.Client{URL: a.URL, Token: strings.TrimSpace(key)}, dataset: a.dataset}
}

// FAIL-3: a server that is killed or, in the long form, restarted is waited for, and
// the end is told whatever it is.
func TestFollowingOutlivesTheServer(t *testing.T) {
	signals := map[string]syscall.Signal{"kill -9": syscall.SIGKILL}
	if os.Getenv("KARUTA_LONG") != "" {
		signals["restart"] = syscall.SIGTERM
	}
	for name, signal := range signals {
		t.Run(name, func(t *testing.T) {
			idsOnly := []string{"PERSISTED_OPERATIONS_INTEGRATION=ids-only"}
			p := serveIn(t, t.TempDir(), idsOnly)
			a, r := newAuthor(t, p), newRelay(t, p)
			f := a.withKey(t, p).follower(t)
			ended, exit := make(chan struct{}), make(chan int)
			f.when("line 5!", func() {
				_ = p.cmd.Process.Signal(signal)
				_ = p.wait()
				close(ended)
			})
			transform := a.transform(t)
			go func() {
				exit <- run(f.sh, []string{"transform", "run", transform, "--follow", "--server", r.url(), "--param", "steps=4000"})
			}()
			<-ended // whoever follows goes on meanwhile, however long the start takes
			p = serveIn(t, p.dir, idsOnly)
			r.to(p)
			code := <-exit
			if code != exitFailed || !strings.Contains(f.err.String(), "karuta: connection lost") || !strings.Contains(f.err.String(), "failed") {
				t.Errorf("exit %d: %s", code, f.err)
			}
		})
	}
}
