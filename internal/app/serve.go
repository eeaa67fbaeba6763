package app

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/apq"
	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/drain"
	"github.com/karuta-bi/karuta/internal/telemetry"
	"github.com/karuta-bi/karuta/resolvers"
	"github.com/karuta-bi/karuta/schema"
	"github.com/karuta-bi/karuta/server"
	"github.com/karuta-bi/karuta/server/control"
	"github.com/karuta-bi/karuta/server/door"
	"github.com/karuta-bi/karuta/server/socket"
	"github.com/karuta-bi/karuta/web"
)

// gcPercent lets the heap of an API, which is small, grow to five times what is
// alive before it is collected: a quarter more requests for the same processor
// time. GOGC wins where it is set.
const gcPercent = 400

// serveGrace is how long an API that must end lets running requests finish.
const serveGrace = 5 * time.Second

var errDemoLocal = errors.New("the demo is for ENV=local and a loopback address alone, because its passwords are public")

var errRelaxedLocal = errors.New("SANDBOX=relaxed is for ENV=local and a loopback address alone, because code of others would not be held back")

// ServeOptions say how an API is reached.
type ServeOptions struct {
	ExecutorListen string    // address of the own executor's GET /health; "" is a free port on loopback
	Demo           bool      // build the demo; on loopback and ENV=local alone
	Out            io.Writer // gets "ready http://…" and the demo's accounts
}

// Serve is the running API: it listens on API_HOST and API_PORT until the
// context ends, then finishes what is under way. It may be called once.
func (a *App) Serve(ctx context.Context, o ServeOptions) error {
	if o.Demo && (a.Config.Env != config.Local || !core.IsLoopback(a.Config.APIHost)) {
		return errDemoLocal
	}
	if a.Config.Relaxed() && !core.IsLoopback(a.Config.APIHost) {
		return errRelaxedLocal
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	l, err := a.listen()
	if err != nil {
		return err
	}
	ctl, err := control.Listen(a.Config.DataDir)
	if err != nil {
		_ = l.Close()
		return err
	}
	if err := a.begin(ctx, o); err != nil {
		_, _ = l.Close(), ctl.Close()
		return err
	}
	handler := a.Handler()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return drain.Serve(ctx, door.Server(handler, door.Standard), l, serveGrace, a.named("api"))
	})
	group.Go(func() error { <-ctx.Done(); handler.Drain(); handler.Close(); return nil })
	group.Go(func() error { return control.Serve(ctx, ctl, a.verbs(), a.named("control"), serveGrace) })
	group.Go(func() error { a.Audit.Run(ctx); return nil })
	group.Go(func() error { a.upkeep(ctx); return nil })
	group.Go(func() error { a.Scheduler.Run(ctx); return nil })
	group.Go(func() error { a.Operations.Run(ctx); return nil })
	group.Go(func() error { return a.announce(ctx, baseURL(l.Addr(), a.Config.TLS()), o) })
	return group.Wait()
}

// listen opens the address of the API, with TLS where there is a certificate.
func (a *App) listen() (net.Listener, error) {
	c := a.Config
	var locked *tls.Config
	if c.TLS() {
		certificate, err := door.LoadCertificate(c.TLSCertFile, c.TLSKeyFile, a.named("tls"))
		if err != nil {
			return nil, err
		}
		locked = certificate.Config()
	}
	l, err := net.Listen("tcp", net.JoinHostPort(c.APIHost, strconv.Itoa(c.APIPort)))
	if err != nil {
		return nil, err
	}
	l = door.Limit(l, c.PerAddress, c.TrustedProxies, a.named("door"))
	if locked != nil {
		l = tls.NewListener(l, locked)
	}
	return l, nil
}

// begin looks at the registered operations, starts the executor and clears up
// what an earlier process left undone, where no other one may be at work on it.
func (a *App) begin(ctx context.Context, o ServeOptions) error {
	if err := a.loadOperations(ctx); err != nil {
		return err
	}
	if err := a.StartExecutor(o.ExecutorListen); err != nil {
		return err
	}
	if a.Config.Store == "embedded" {
		a.clearUp(core.AsSystem(ctx, "upkeep"))
	}
	return nil
}

// StartExecutor starts the own executor, where there is to be one, and answers
// GET /health for it on the address ("" is a free port on loopback). [App.Close]
// ends it.
func (a *App) StartExecutor(address string) error {
	if a.own == nil {
		return nil
	}
	if address == "" {
		address = "127.0.0.1:0"
	}
	at, err := a.own.start(a.Config, address, a.named("executor"))
	if err == nil {
		a.Log.Info("executor listens", "address", at.String())
	}
	return err
}

func (a *App) named(room string) *slog.Logger { return telemetry.Named(a.Log, room) }

// Handler is everything that the API serves.
func (a *App) Handler() *server.Handler {
	return server.New(server.Deps{
		Resolver: &resolvers.Resolver{Services: resolvers.Services{
			Gate: a.Gate, Reports: access.NewReports(a.Store, a.Gate, a.Audit), Identity: a.Identity, Audit: a.Audit,
			Datasets: a.Datasets, Cards: a.Cards, Dashboards: a.Dashboards, Presence: a.Presence, Transforms: a.Transforms, Scheduler: a.Scheduler, Guard: a.Guard, Idempotency: a.Idempotency,
			Monitor: a.Monitor, Operations: a.Operations,
			Info: graph.ServerInfo{
				Env: string(a.Config.Env), Version: version, GitSha: revision,
				SchemaHash: schema.Hash(), KeyFingerprint: a.Identity.KeyID(), SignInWays: a.signInWays(),
			},
		}},
		OIDC: a.OIDC, OIDCName: a.Config.OIDCName, PublicURL: a.Config.PublicURL,
		Bus: a.Bus, Log: a.named("api"), Local: a.Config.Env == config.Local, Revision: revision,
		Origins: a.Config.CORSOrigins, Proxies: a.Config.TrustedProxies, MaxUpload: a.Config.MaxUpload, Persisted: apq.New(a.Config.PersistedBytes, a.redis, a.named("apq")), Sockets: socketLimits(a.Config),
		KeepAnswers: a.Config.AnswersFor(),
		Grades:      server.Grades{Browser: server.Grade(a.Config.GradeBrowser), Integration: server.Grade(a.Config.GradeKeys), Admin: server.Grade(a.Config.GradeAdmin)},
		Pages:       web.Pages(), GraphiQL: web.GraphiQL(), Assets: web.Assets(),
	})
}

func socketLimits(c config.Config) socket.Limits {
	return socket.Limits{
		Total: c.Sockets, PerAddress: c.SocketsPerAddress, PerUser: c.SocketsPerUser,
		Operations: c.SocketOperations, Message: c.SocketMessageBytes, PerSecond: c.SocketMessages,
		Queue: c.SocketQueue, QueueBytes: c.SocketQueueBytes, Life: time.Duration(c.SocketHours) * time.Hour,
	}
}
