package audit

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// A refusal is written once a minute, and the next row tells how many there were.
func TestDenialsAreSampled(t *testing.T) {
	w := newWorld(t)
	w.at(today)
	ctx := as(core.RoleUser)
	deny := func(ctx context.Context, target, wanted string) { w.Denied(ctx, "dashboard", target, wanted) }
	rows := func() int { return len(w.engine.ids()) }
	for range 5 {
		deny(ctx, "dash_1", "VIEW")
	}
	row := w.row(w.engine.ids()[0])
	if details, _ := row["details"].(map[string]any); rows() != 1 || row.Str("eventType") != "ACCESS_DENIED" || row.Str("outcome") != "DENIED" ||
		row.Str("targetType") != "dashboard" || row.Str("targetId") != "dash_1" || len(details) != 1 || details["wanted"] != "VIEW" {
		t.Errorf("%d rows, the first %v", rows(), row)
	}
	deny(ctx, "dash_2", "VIEW")
	deny(ctx, "dash_1", "EDIT")
	deny(as(core.RoleUser), "dash_1", "VIEW")
	nobody := func(ip string) context.Context { return core.WithActor(context.Background(), &core.Actor{IP: ip}) }
	deny(nobody("192.0.2.1"), "dash_1", "VIEW")
	deny(nobody("192.0.2.2"), "dash_1", "VIEW")
	deny(nobody("192.0.2.2"), "dash_1", "VIEW")
	if rows() != 6 {
		t.Errorf("%d rows, another refusal is another row: want 6", rows())
	}
	w.at(today.Add(denialEvery - time.Millisecond))
	if deny(ctx, "dash_1", "VIEW"); rows() != 6 {
		t.Error("written within the minute")
	}
	w.at(today.Add(denialEvery))
	deny(ctx, "dash_1", "VIEW")
	if details, _ := w.row(w.engine.ids()[6])["details"].(map[string]any); details["suppressed"] != "5" {
		t.Errorf("the next row tells %v", details)
	}
}

// Who tries everything does not fill the memory, and one of many at once is written.
func TestDenialsInACrowd(t *testing.T) {
	w := newWorld(t)
	w.at(today)
	ctx := as(core.RoleUser)
	var crowd sync.WaitGroup
	for range 16 {
		crowd.Go(func() { w.Denied(ctx, "card", "card_1", "VIEW") })
	}
	crowd.Wait()
	if n := len(w.engine.ids()); n != 1 {
		t.Errorf("%d rows for one refusal", n)
	}
	for i := range denialsKept + 10 {
		w.sample(ctx, "card", fmt.Sprint(i))
	}
	if n := w.denials.Len(); n != denialsKept {
		t.Errorf("%d refusals are remembered", n)
	}
}
