package guard_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/guard"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// process is a guard over the world, as one of several API processes has it.
func process(t *testing.T, w *accesstest.World, server *testkit.RedisServer, patience time.Duration) *guard.Guard {
	t.Helper()
	d := guard.Deps{Store: w.Store, Gate: w.Gate, Audit: w.Audit, Log: slog.New(slog.DiscardHandler), Patience: patience}
	if server != nil {
		client, err := guard.OpenRedis(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		d.Redis = client
	}
	g, err := guard.New(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return g
}

func as(t *testing.T, a *core.Actor) context.Context { return core.WithActor(t.Context(), a) }

func person(u *core.User) *core.Actor { return &core.Actor{User: u, IP: "192.0.2.1"} }

// admitted asks side by side and counts who was let in.
func admitted(ctx context.Context, t *testing.T, asks int, class core.RateClass, guards ...*guard.Guard) int {
	t.Helper()
	var in atomic.Int32
	var group sync.WaitGroup
	for i := range asks {
		group.Go(func() {
			err := guards[i%len(guards)].Admit(ctx, guard.Charge{Class: class, N: 1})
			switch e, _ := errors.AsType[*core.Error](err); {
			case err == nil:
				in.Add(1)
			case core.CodeOf(err) != core.CodeRateLimit || e.Details["retryAfter"].(int) < 1 || e.Details["retryAfter"].(int) > 60:
				t.Error(err)
			}
		})
	}
	group.Wait()
	return int(in.Load())
}

// However many ask at the same time, and whichever process they ask: each class
// admits as many as its limit says, for each subject (RL-1, RL-4).
func TestEveryClassHasItsLimit(t *testing.T) {
	for name, server := range map[string]func(*testing.T) *testkit.RedisServer{
		"one process":                func(*testing.T) *testkit.RedisServer { return nil },
		"three processes over Redis": func(t *testing.T) *testkit.RedisServer { return testkit.Redis(t, false) },
	} {
		t.Run(name, func(t *testing.T) {
			w, s := accesstest.New(t), server(t)
			guards := []*guard.Guard{process(t, w, s, time.Minute)}
			for s != nil && len(guards) < 3 {
				guards = append(guards, process(t, w, s, time.Minute))
			}
			for _, c := range core.RateClasses {
				for _, who := range []*core.User{w.User("a" + string(c.Class)), w.User("b" + string(c.Class))} {
					if got := admitted(as(t, person(who)), t, c.Limit+50, c.Class, guards...); got != c.Limit {
						t.Errorf("%s admitted %d of %d", c.Class, got, c.Limit)
					}
				}
			}
		})
	}
}

// For whom work is counted (RL-1).
func TestSubjects(t *testing.T) {
	w := accesstest.New(t)
	g := process(t, w, nil, 0)
	u := w.User("u")
	one := guard.Charge{Class: core.RateAdmin, N: 10}
	for name, c := range map[string]struct {
		first, second *core.Actor
		together      bool
	}{
		"a person from two places":     {person(u), &core.Actor{User: u, IP: "198.51.100.1"}, true},
		"two people in one place":      {person(w.User("v")), person(w.User("x")), false},
		"a key and its owner":          {&core.Actor{User: w.User("k"), Key: &core.APIKey{ID: "key_1"}}, person(w.User("k2")), false},
		"one subscriber's network":     {&core.Actor{IP: "2001:db8::1"}, &core.Actor{IP: "2001:db8::ffff"}, true},
		"two addresses":                {&core.Actor{IP: "192.0.2.7"}, &core.Actor{IP: "192.0.2.8"}, false},
		"Karuta itself is not limited": {core.ActorFrom(core.AsSystem(t.Context(), "upkeep")), core.ActorFrom(core.AsSystem(t.Context(), "upkeep")), false},
	} {
		if err := g.Admit(as(t, c.first), one); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := g.Admit(as(t, c.second), guard.Charge{Class: core.RateAdmin, N: 1}); (err != nil) != c.together {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// While Redis is gone each process counts for itself; when it is back they count
// together again. Nobody waits for it longer than a moment.
func TestRedisGoesAndComesBack(t *testing.T) {
	w, server := accesstest.New(t), testkit.Redis(t, false)
	one, two := process(t, w, server, 5*time.Second), process(t, w, server, 5*time.Second)
	ctx := as(t, person(w.User("a")))
	if got := admitted(ctx, t, 10, core.RateAdmin, one, two); got != 10 {
		t.Fatalf("together: %d", got)
	}
	server.Kill()
	for _, g := range []*guard.Guard{one, two} {
		if got := admitted(ctx, t, 30, core.RateAdmin, g); got != 10 {
			t.Errorf("alone: %d", got)
		}
	}
	server.Restart(t)
	fresh := as(t, person(w.User("b")))
	for deadline := time.Now().Add(30 * time.Second); admitted(fresh, t, 1, core.RateLLM, one) == 1 && server.Ask(t, "EXISTS karuta:rate:LLM:"+core.ActorFrom(fresh).UserID()) != ":1"; {
		if time.Now().After(deadline) {
			t.Fatal("Redis is never asked again")
		}
	}
	server.Pause(t)
	began := time.Now()
	_ = admitted(fresh, t, 20, core.RateSearch, one)
	server.Resume(t)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("they waited %s for a Redis that does not answer", took)
	}
}

// What one process sets holds in another within seconds, and not after its end (RL-7).
func TestSettingsReachOtherProcesses(t *testing.T) {
	w := accesstest.New(t)
	one, two := process(t, w, nil, 0), process(t, w, nil, 0)
	admin := as(t, person(w.Admin("admin")))
	none, until := 0, time.Now().Add(time.Hour)
	if _, err := one.SetLimit(admin, guard.SetLimitInput{Class: core.RateLLM, Limit: &none, Until: &until, Reason: "dear"}); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Block(admin, guard.BlockInput{CIDR: "203.0.113.0/24", Minutes: 1, Reason: "x"}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		if two.Blocked("203.0.113.9") && admitted(as(t, person(w.User("u"))), t, 1, core.RateLLM, two) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it never reached the other")
		}
	}
	if l := (&core.RateLimit{SetBy: "x", Until: until}); l.Set(until) || !l.Set(until.Add(-time.Second)) {
		t.Error("a limit holds until its end")
	}
}

// A dashboard counts once for a request, however many cards it runs; a card that
// is seen on none counts for who asks (RL-2).
func TestCardsCountByDashboard(t *testing.T) {
	w := accesstest.New(t)
	g := process(t, w, nil, 0)
	u := w.User("u")
	for n := range 61 {
		ctx := as(t, person(u)) // a request
		for range 20 {
			if err := g.AdmitCard(ctx, "dash_1"); (err != nil) != (n == 60) {
				t.Fatalf("request %d: %v", n, err)
			}
			if n == 60 {
				break
			}
		}
	}
	if err := g.AdmitCard(as(t, person(u)), "dash_2"); err != nil {
		t.Errorf("another dashboard: %v", err)
	}
	if err := g.AdmitCard(as(t, person(u)), ""); err != nil {
		t.Errorf("no dashboard: %v", err)
	}
}
