package apptest_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/karuta-bi/karuta/internal/app"
	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/internal/testkit"
	"github.com/karuta-bi/karuta/web"
)

// The clients that people use, each of them told by its own developers what is right,
// on one server. Every statement of theirs is a test of its own.
func TestClientsThatPeopleUse(t *testing.T) {
	node, tools := needsClients(t)
	g := newGuests(t)
	t.Run("all", func(t *testing.T) {
		for _, name := range []string{"apollo", "apollo-sockets", "manifest", "graphql-ws", "graphql-sse", "curl", "browser"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if name == "browser" {
					needsBrowser(t)
				}
				g.visit(t, exec.Command(node, filepath.Join(tools, name+".mjs")))
			})
		}
	})
	t.Run("restart", func(t *testing.T) {
		g.visit(t, exec.Command(node, filepath.Join(tools, "apollo-restart.mjs")))
	})
}

func needsBrowser(t *testing.T) {
	t.Helper()
	needsChromium(t)
	if !web.Built() {
		t.Skip("not run here: the pages are not built (make pages)")
	}
}

// What the page about clients says in the languages that are here is what is tried
// here; what is for a JVM was tried by hand.
func TestExamplesOfClientsAreTheOnesThatWereTried(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "clients.md"))
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob(filepath.Join(root, "tools", "clients", "examples", "*"))
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "\n"+string(text)+"```\n") {
			t.Errorf("docs/clients.md does not have %s as it is", filepath.Base(path))
		}
	}
	if blocks := strings.Count(string(page), "\n```js\n") + strings.Count(string(page), "\n```sh\n"); blocks != len(examples) {
		t.Errorf("%d pieces of code, %d examples", blocks, len(examples))
	}
}

func needsClients(t *testing.T) (node, tools string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("not run here: node is not installed")
	}
	tools = filepath.Join("..", "..", "..", "tools", "clients")
	if _, err := os.Stat(filepath.Join(tools, "node_modules")); err != nil {
		t.Skip("not run here: tools/clients is not installed; run tools/install.sh")
	}
	return node, tools
}

const clientsPassword = "Kirei-na-hana-1"

// guests is what the clients find: a server and people who may sign in.
type guests struct {
	*apptest.Instance
	environ []string
	keys    identity.Keys
	user    *core.User
	place   map[string]string // where they are and who they may be
}

func newGuests(t *testing.T) *guests {
	t.Helper()
	const secret = "a secret of thirty-two characters!"
	_, port, _ := net.SplitHostPort(testkit.FreeAddress(t)) // another server comes to the same one
	g := &guests{keys: identity.Keys{Current: identity.NewKey(secret)}, environ: []string{
		"JWT_SECRET_KEY=" + secret, "DATA_DIR=" + t.TempDir(), "PERSISTED_OPERATIONS_INTEGRATION=ids-only", "API_PORT=" + port,
	}}
	g.Instance = apptest.Start(t, g.environ...)
	author, u := g.Somebody(t, core.RoleUser)
	operator, admin := g.Somebody(t, core.RoleAdmin)
	g.user = u
	for _, u := range []*core.User{u, admin} {
		if _, err := g.App.Store.Users.Edit(t.Context(), u.ID, func(u *core.User) error { u.PasswordHash = cheapHash(t); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	g.place = map[string]string{
		"url": g.URL, "password": clientsPassword, "email": u.Email, "token": author.Token, "admin": admin.Email, "adminToken": operator.Token,
	}
	return g
}

// cheapHash is the password as identity keeps it, without the price that it is meant to have.
func cheapHash(t *testing.T) string {
	t.Helper()
	sum := sha256.Sum256([]byte(clientsPassword))
	kept, err := bcrypt.GenerateFromPassword([]byte(base64.StdEncoding.EncodeToString(sum[:])), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(kept)
}

// visit runs a client to its end; what it asks for is done meanwhile.
func (g *guests) visit(t *testing.T, client *exec.Cmd) {
	t.Helper()
	place, err := json.Marshal(g.place)
	if err != nil {
		t.Fatal(err)
	}
	client.Args = append(client.Args, string(place))
	client.Stderr = t.Output()
	in, err := client.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	watch := time.AfterFunc(5*time.Minute, func() { _ = client.Process.Kill() })
	defer watch.Stop()
	if g.listen(t, out, in) == 0 {
		t.Error("it stated nothing")
	}
	if err := client.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// statement is something that a client tried, or wants to be done.
type statement struct {
	Name, Got, Ask, With string
	OK                   bool
}

// listen makes a test of each statement until the client ends.
func (g *guests) listen(t *testing.T, out io.Reader, in io.Writer) (stated int) {
	t.Helper()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var s statement
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if s.Ask != "" {
			answer, err := json.Marshal(g.do(t, s.Ask, s.With))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = in.Write(append(answer, '\n'))
			continue
		}
		stated++
		t.Run(s.Name, func(t *testing.T) {
			if !s.OK {
				t.Error(s.Got)
			}
		})
	}
	return stated
}

// do is what no client can do by itself.
func (g *guests) do(t *testing.T, wish, with string) any {
	t.Helper()
	switch wish {
	case "a token that ends soon":
		return g.token(t, 4*time.Second)
	case "publish":
		return g.publish(t, with)
	case "another server":
		g.Stop()
		return apptest.Start(t, g.environ...).URL
	}
	t.Fatalf("nobody knows how to do %q", wish)
	return nil
}

// publish is "karuta pq publish" beside the running server.
func (g *guests) publish(t *testing.T, manifest string) (rows []app.OperationRow) {
	t.Helper()
	err := app.Operate(t.Context(), g.App.Config, slog.New(slog.DiscardHandler), app.VerbPublish, app.OperationArgs{}, strings.NewReader(manifest), &rows)
	if err != nil {
		t.Error(err)
	}
	return rows
}

// token is one of the person's that lasts for so long.
func (g *guests) token(t *testing.T, lasts time.Duration) string {
	t.Helper()
	short := identity.New(identity.Deps{Store: g.App.Store, Audit: g.App.Audit, Gate: g.App.Gate, Keys: g.keys, Lifetime: lasts, PasswordMin: 8, Workers: 1})
	in, err := short.Mint(core.AsSystem(context.Background(), "test"), g.user.ID)
	if err != nil {
		t.Fatal(err)
	}
	return in.Token
}
