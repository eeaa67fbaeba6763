package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
)

// halfStore has all tables but one.
type halfStore struct {
	table.Engine
	missing string
}

func (h *halfStore) Tables(context.Context) ([]table.Status, error) {
	var all []table.Status
	for _, t := range table.Tables {
		all = append(all, table.Status{Name: "bi_" + t.Name, Exists: t.Name != h.missing})
	}
	return all, nil
}

// emptyBlobs keeps nothing, or fails.
type emptyBlobs struct {
	blob.Store
	err error
}

func (b emptyBlobs) Head(context.Context, string) (blob.Info, error) { return blob.Info{}, b.err }

// HLT-2: each table is a part of its own, by the runbook's name; an object that
// is not there is no outage.
func TestProbes(t *testing.T) {
	a := &App{Store: store.New(&halfStore{missing: table.Jobs}), Blobs: emptyBlobs{err: blob.ErrNotFound}}
	a.Config.DynamoDBTablePrefix = "bi_"
	for _, p := range a.tableProbes() {
		err := p.Check(t.Context())
		if down := p.Name == "table bi_jobs"; (err != nil) != down || !p.Needed {
			t.Errorf("%s: %v, needed %t", p.Name, err, p.Needed)
		}
	}
	if err := a.probeBlobs(t.Context()); err != nil {
		t.Errorf("blobs: %v", err)
	}
	a.Blobs = emptyBlobs{err: errors.New("no route")}
	if err := a.probeBlobs(t.Context()); err == nil {
		t.Error("blobs that fail are well")
	}
}

// A remote executor's outage must not take the API out of service; our own's does.
func TestOnlyTheOwnExecutorIsNeeded(t *testing.T) {
	for _, own := range []*ownExecutor{nil, {}} {
		a := &App{Store: store.New(&halfStore{}), Blobs: emptyBlobs{err: blob.ErrNotFound}, own: own}
		a.Config.DynamoDBTablePrefix = "bi_"
		a.Executor = unreachable()
		a.Audit = quietAudit(t)
		health := a.newMonitor().Health(core.AsSystem(t.Context(), "test"))
		want := graph.HealthStatusDegraded
		if own != nil {
			want = graph.HealthStatusDown
		}
		if health.Status != want {
			t.Errorf("own %t: %s, want %s", own != nil, health.Status, want)
		}
		for _, c := range health.Components {
			if down := c.Name == "executor" || c.Name == "python" || c.Name == "sandbox"; (c.Status == graph.HealthStatusDown) != down {
				t.Errorf("%s: %s", c.Name, c.Status)
			}
		}
	}
}

func TestTheAddressThatIsSaidReachesTheServer(t *testing.T) {
	for _, c := range []struct {
		host string
		want bool
	}{{"127.0.0.1", true}, {"::1", true}, {"localhost", true}, {"127.1.2.3", true}, {"0.0.0.0", false}, {"", false}, {"192.168.1.5", false}, {"example.com", false}} {
		if got := core.IsLoopback(c.host); got != c.want {
			t.Errorf("%q on loopback: %t", c.host, got)
		}
	}
	for _, host := range []string{"127.0.0.1:8000", "0.0.0.0:8000", "[::]:8000"} {
		if got := baseURL(tcp(t, host), false); got != "http://127.0.0.1:8000" {
			t.Errorf("%s: %s", host, got)
		}
	}
	if got := baseURL(tcp(t, "[::1]:8000"), true); got != "https://[::1]:8000" {
		t.Error(got)
	}
}

func tcp(t *testing.T, address string) net.Addr {
	t.Helper()
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func unreachable() *client.Client { return client.New("unix:///nowhere/executor.sock", "secret") }

func quietAudit(t *testing.T) *audit.Log {
	t.Helper()
	log, err := audit.New(nil, t.TempDir(), slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	return log
}
