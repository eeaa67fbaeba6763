package app

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
	"github.com/karuta-bi/karuta/internal/dataset"
	"github.com/karuta-bi/karuta/internal/guard"
	"github.com/karuta-bi/karuta/internal/idempotency"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/internal/oidc"
	"github.com/karuta-bi/karuta/internal/operation"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/telemetry"
	"github.com/karuta-bi/karuta/internal/transform"
	"github.com/karuta-bi/karuta/resolvers"
	"github.com/karuta-bi/karuta/server"
)

// App is Karuta put together. Its services may be used until Close.
type App struct {
	Config      config.Config // with DATA_DIR as an absolute path
	Log         *slog.Logger
	Metrics     *telemetry.Metrics
	Store       *store.Store
	Blobs       blob.Store
	Bus         bus.Bus
	Audit       *audit.Log
	Gate        *access.Gate
	Identity    *identity.Service
	OIDC        *oidc.Provider // nil where people sign in with passwords alone
	Guard       *guard.Guard
	Idempotency *idempotency.Service
	Operations  *operation.Service
	Datasets    *dataset.Service
	Cards       *card.Service
	Dashboards  *dashboard.Service
	Presence    *dashboard.Presence
	Transforms  *transform.Service
	Scheduler   *transform.Scheduler
	Executor    *client.Client
	Monitor     *resolvers.Monitor

	keys    identity.Keys
	foreign *blob.Foreign // what people import from
	own     *ownExecutor  // nil where the executor is somebody else's
	redis   *redis.Client // that all processes share, for what each can do without; nil where there is none
	close   []func(context.Context) error
	hurried bool // something did not end in time, and may still write
}

// Open puts Karuta together on what the configuration names. Nothing listens
// and no executor runs yet. A data folder is made where there is none.
func Open(ctx context.Context, c config.Config, log *slog.Logger) (*App, error) {
	dir, err := prepareDataDir(c.DataDir)
	if err != nil {
		return nil, err
	}
	c.DataDir = dir
	a := &App{Config: c, Log: log, Metrics: &telemetry.Metrics{}}
	for _, step := range []func(context.Context) error{a.openBus, a.openEngines, a.openAudit, a.openExecutor, a.openServices} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, a.Close())
		}
	}
	return a, nil
}

func (a *App) openEngines(ctx context.Context) error {
	tables, err := openTables(ctx, a.Config)
	if err != nil {
		return err
	}
	a.atClose(closing(tables))
	engine := tables
	if a.Config.AnswersFor() > 0 { // nobody else asks whether what was read still holds
		engine = store.Counted(tables)
	}
	a.Store = store.New(store.Watched(engine, a.tell()))
	if a.Config.Store == "embedded" {
		if err := tables.Init(ctx); err != nil {
			return err
		}
	}
	a.Blobs, err = openBlobs(ctx, a.Config, "api")
	if c, ok := a.Blobs.(io.Closer); ok && err == nil {
		a.atClose(closing(c))
	}
	if err != nil {
		return err
	}
	a.foreign, err = blob.OpenForeign(ctx, s3Options(a.Config))
	if err == nil {
		a.atClose(closing(a.foreign))
	}
	return err
}

// openBus opens the bus of this process alone, or of all that share a Redis.
func (a *App) openBus(ctx context.Context) (err error) {
	if url := a.Config.RedisURL.Reveal(); url == "" {
		a.Bus = bus.OpenMemory()
	} else if a.Bus, err = bus.OpenRedis(ctx, url, telemetry.Named(a.Log, "bus")); err != nil {
		return err
	}
	a.atClose(func(context.Context) error {
		if a.hurried { // others find this process silent, and tell of a gap
			return nil
		}
		return a.Bus.Close()
	})
	return nil
}

// openGuard opens what holds back who asks too much. Its counters are shared with
// all processes that share a Redis.
func (a *App) openGuard(ctx context.Context) (*guard.Guard, error) {
	d := guard.Deps{
		Store: a.Store, Gate: a.Gate, Audit: a.Audit, Log: telemetry.Named(a.Log, "guard"), Metrics: a.Metrics,
		Unlimited: !a.Config.RateLimiting, Redis: a.redis,
	}
	return guard.New(ctx, d)
}

// openRedis opens the client of the Redis that all processes share, where there is one.
func (a *App) openRedis() (err error) {
	url := a.Config.RedisURL.Reveal()
	if url == "" {
		return nil
	}
	if a.redis, err = guard.OpenRedis(url); err == nil {
		a.atClose(closing(a.redis))
	}
	return err
}

// tell publishes what happens.
func (a *App) tell() core.Tell { return bus.Teller(a.Bus, telemetry.Named(a.Log, "bus")) }

func (a *App) openAudit(context.Context) (err error) {
	spool := filepath.Join(a.Config.DataDir, spoolFolder)
	a.Audit, err = audit.New(a.Store.Audit, spool, a.Log, a.Metrics)
	if err != nil {
		return err
	}
	a.atClose(closing(a.Audit))
	a.Gate = access.New(a.Store, func(ctx context.Context, d access.Denial) {
		a.Audit.Denied(ctx, d.TargetType, d.TargetID, d.Wanted)
	})
	return nil
}

// openExecutor prepares the way to the executor. On one's own machine the API
// brings its own, unless it is told of another.
func (a *App) openExecutor(context.Context) error {
	if a.Config.Env != config.Local || a.Config.Given("EXECUTOR_ENDPOINT") {
		secret, err := executorSecret(a.Config)
		a.Executor = client.New(a.Config.ExecutorEndpoint, secret)
		return err
	}
	own, err := newOwnExecutor(a.Config)
	if err != nil {
		return err
	}
	a.own, a.Executor = own, own.client()
	a.atClose(func(context.Context) error { return own.close() })
	return nil
}

func (a *App) openServices(ctx context.Context) error {
	secret, err := tokenSecret(a.Config)
	if err != nil {
		return err
	}
	c := a.Config
	a.keys = identity.Keys{Current: identity.NewKey(secret), Previous: identity.NewKey(c.JWTSecretKeyPrevious.Reveal())}
	a.Identity = identity.New(identity.Deps{
		Store: a.Store, Audit: a.Audit, Gate: a.Gate, Keys: a.keys,
		Lifetime: c.TokenLifetime(), PasswordMin: c.PasswordMinLength, Workers: c.APIWorkers,
		Unlimited: !c.RateLimiting, RootFields: server.RootFields(), Admission: identity.Admission{Domains: c.OIDCDomains, Create: c.OIDCCreate, Issuer: c.OIDCIssuer},
	})
	a.openOIDC(secret)
	a.Operations = operation.New(operation.Deps{
		Store: a.Store, Gate: a.Gate, Audit: a.Audit, Log: telemetry.Named(a.Log, "operation"), Metrics: a.Metrics, Check: server.OperationCheck(),
	})
	a.atClose(a.Operations.Close)
	a.Datasets = dataset.New(
		dataset.Deps{
			Store: a.Store, Gate: a.Gate, Audit: a.Audit, Blobs: a.Blobs, Objects: a.foreign,
			Executor: a.Executor, Log: telemetry.Named(a.Log, "dataset"), Told: dataset.Telling(a.tell()),
		},
		dataset.Config{
			MaxUpload: c.MaxUpload, Shared: c.Store != "embedded", Buckets: c.S3ImportBuckets,
			KeepVersions: c.VersionsKept, KeepFor: time.Duration(c.VersionsDays) * 24 * time.Hour,
			PlanKeys: planKeys(secret, c.JWTSecretKeyPrevious.Reveal()),
		})
	a.atClose(a.Datasets.Close)
	if err = a.openRedis(); err != nil {
		return err
	}
	if a.Guard, err = a.openGuard(ctx); err != nil {
		return err
	}
	a.atClose(a.Guard.Close)
	a.Cards = card.New(
		card.Deps{Store: a.Store, Gate: a.Gate, Audit: a.Audit, Blobs: a.Blobs, Executor: a.Executor, Log: telemetry.Named(a.Log, "card"), Tell: a.tell(), Resume: a.Identity.Resume, Admit: a.Guard.AdmitCard},
		card.Config{Timeout: c.CardTimeout(), CacheTTL: c.CacheLifetime(), PageSecret: derived(secret, "card pages"), Platform: version + " " + revision})
	a.atClose(a.Cards.Close)
	a.Transforms = transform.New(
		transform.Deps{Store: a.Store, Gate: a.Gate, Audit: a.Audit, Blobs: a.Blobs, Executor: a.Executor, Log: telemetry.Named(a.Log, "transform"), Tell: a.tell()},
		transform.Config{Timeout: c.TransformTimeout(), Shared: c.Store != "embedded"})
	a.atClose(a.Transforms.Close)
	a.Scheduler = transform.NewScheduler(a.Store, a.Gate, a.Transforms, telemetry.Named(a.Log, "scheduler"), transform.SchedulerConfig{
		Enabled: c.SchedulerEnabled, Interval: time.Duration(c.SchedulerInterval) * time.Second, Holder: processName(),
	})
	a.Dashboards = dashboard.New(a.Store, a.Gate, a.Audit)
	a.Presence = dashboard.NewPresence(a.Bus, telemetry.Named(a.Log, "presence"))
	a.atClose(a.Presence.Close)
	a.Idempotency = idempotency.New(a.Store.Idempotency, derived(secret, "idempotency keys"))
	a.Monitor = a.newMonitor()
	return nil
}

// closeGrace is how long running imports and cards may take to stop.
const closeGrace = time.Second

func (a *App) atClose(f func(context.Context) error) { a.close = append(a.close, f) }

// closing closes what needs no patience.
func closing(c io.Closer) func(context.Context) error {
	return func(context.Context) error { return c.Close() }
}

// Close ends what Open began, the last first.
func (a *App) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	var problems []error
	for i := len(a.close) - 1; i >= 0; i-- {
		err := a.close[i](ctx)
		a.hurried = a.hurried || err != nil
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// processName tells this process from all others of its environment.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "karuta"
	}
	return host + "-" + strconv.Itoa(os.Getpid()) + "-" + rand.Text()[:6]
}
