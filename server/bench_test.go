package server_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/server"
)

// benchServer names the server that a child of the benchmark is to be.
const benchServer = "KARUTA_BENCH_SERVER"

const (
	benchClients    = 16
	benchDashboards = 40
	clockTicks      = 100 // of a second, in /proc/PID/stat
)

var benchQueries = []struct{ name, query string }{
	{"me", `{ me { id email name role } }`},
	{"dashboards", `{ dashboards(first: 20) { nodes { id name updatedAt owner { id name email } myPermission cardCount } pageInfo { endCursor hasNextPage } } }`},
}

// BenchmarkAPI shows how many requests Karuta, on an embedded store, answers for
// a second of its processor time. The server is a process of its own, so that
// the clients' work is not counted.
func BenchmarkAPI(b *testing.B) {
	if kind := os.Getenv(benchServer); kind != "" {
		beServer(b, kind)
		return
	}
	child := startSelf(b, "karuta", "GOGC=400") // as internal/app sets it
	for _, q := range benchQueries {
		b.Run(q.name, func(b *testing.B) { child.load(b, q.query) })
		b.Run(q.name+"-by-hash", func(b *testing.B) { child.loadByHash(b, q.query) })
	}
}

// beServer serves until standard input ends.
func beServer(b *testing.B, kind string) {
	var handler http.Handler
	token := "none"
	if kind == "karuta" {
		h := newHouse(b, keptAsServed)
		handler, token = h.handler, h.shelves()
	} else {
		handler = inMemory[kind](b)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }()
	_, err = fmt.Fprintf(os.NewFile(3, "told"), "http://%s/graphql %s\n", l.Addr(), token)
	must(b, err)
	_, _ = io.Copy(io.Discard, os.Stdin)
	must(b, srv.Close())
}

// keptAsServed keeps answers for as long as a server does.
func keptAsServed(d *server.Deps) { d.KeepAnswers = config.Config{AnswerCache: "on"}.AnswersFor() }

// shelves makes a person who owns dashboards and gives their token.
func (h *house) shelves() string {
	h.t.Helper()
	id, token := h.user(core.RoleUser)
	for i := range benchDashboards {
		must(h.t, h.store.Dashboards.Create(h.t.Context(), &core.Dashboard{
			ID: core.NewID(core.NounDashboard), Name: fmt.Sprintf("売上 %d", i), OwnerID: id, CreatedAt: store.Now(), UpdatedAt: store.Now(),
		}))
	}
	return token
}

// benchChild is a server in a process of its own.
type benchChild struct {
	pid        int
	url, token string
	client     *http.Client
}

// startSelf starts this program as a server.
func startSelf(b *testing.B, kind string, env ...string) *benchChild {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkAPI$", "-test.benchtime=1x")
	cmd.Env = append(append(os.Environ(), benchServer+"="+kind), env...)
	told, tell, err := os.Pipe()
	must(b, err)
	cmd.ExtraFiles = []*os.File{tell}
	return startServer(b, cmd, told, tell)
}

// startServer starts a server that says in a line where it is, and with which
// token to ask, and ends when its standard input does.
func startServer(b *testing.B, cmd *exec.Cmd, told io.Reader, tell io.Closer) *benchChild {
	b.Helper()
	stdin, err := cmd.StdinPipe()
	must(b, err)
	must(b, cmd.Start())
	_ = tell.Close()
	b.Cleanup(func() {
		_ = stdin.Close()
		must(b, cmd.Wait())
	})
	line, err := bufio.NewReader(told).ReadString('\n')
	must(b, err)
	url, token, _ := strings.Cut(strings.TrimSpace(line), " ")
	transport := &http.Transport{MaxIdleConnsPerHost: benchClients, DisableCompression: true}
	return &benchChild{cmd.Process.Pid, url, token, &http.Client{Transport: transport}}
}

// load sends b.N requests for the query over several connections.
func (c *benchChild) load(b *testing.B, query string) {
	body, err := json.Marshal(map[string]string{"query": query})
	must(b, err)
	c.send(b, body)
}

// loadByHash is load for a document that the server knows by its hash.
func (c *benchChild) loadByHash(b *testing.B, query string) {
	request := map[string]any{
		"query":      query,
		"extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": fmt.Sprintf("%x", sha256.Sum256([]byte(query)))}},
	}
	body, err := json.Marshal(request)
	must(b, err)
	c.ask(b, body)
	delete(request, "query")
	body, err = json.Marshal(request)
	must(b, err)
	c.send(b, body)
}

func (c *benchChild) send(b *testing.B, body []byte) {
	b.Helper()
	work := make(chan struct{})
	var clients sync.WaitGroup
	before := c.processor(b)
	b.ResetTimer()
	for range benchClients {
		clients.Go(func() {
			for range work {
				c.ask(b, body)
			}
		})
	}
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	clients.Wait()
	b.StopTimer()
	if spent := c.processor(b) - before; spent > 0 {
		b.ReportMetric(float64(b.N)/spent.Seconds(), "req/cpu-s")
	}
}

func (c *benchChild) ask(b *testing.B, body []byte) {
	req, err := http.NewRequest(http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.client.Do(req)
	if err != nil {
		b.Error(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || bytes.Contains(text, []byte(`"errors"`)) {
		b.Errorf("%s %v: %.300s", resp.Status, err, text)
	}
}

// processor is the processor time that the server has spent so far.
func (c *benchChild) processor(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.pid))
	must(b, err)
	_, fields, _ := strings.Cut(string(stat), ") ")
	var user, system int64
	for i, into := range map[int]*int64{11: &user, 12: &system} {
		_, err := fmt.Sscan(strings.Fields(fields)[i], into)
		must(b, err)
	}
	return time.Duration(user+system) * time.Second / clockTicks
}
