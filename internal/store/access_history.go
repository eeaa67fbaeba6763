package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// historyWrite is the line of history of a change, for the transaction that makes it.
func historyWrite(c core.AccessChange) table.Write {
	it := table.Item{"kind": c.Kind, "actor_id": c.ActorID}
	putTime(it, "at", c.At)
	putStr(it, "target_type", strings.ToLower(string(c.TargetType)))
	putStr(it, "target_id", c.TargetID)
	if c.TargetID != "" {
		it["history_target"] = principal(c.TargetType, c.TargetID)
	}
	putStr(it, "permission", strings.ToLower(string(c.Permission)))
	putStr(it, "previous", strings.ToLower(string(c.Previous)))
	putStrings(it, "cards_added", c.Added)
	putStrings(it, "cards_removed", c.Removed)
	putTime(it, "expires_at", c.ExpiresAt)
	putStr(it, "previous_owner", c.PreviousOwner)
	if len(c.Grants) > 0 {
		grants := table.Item{}
		for id, from := range c.Grants {
			putStrings(grants, id, from)
		}
		it["cards_grants"] = map[string]any(grants)
	}
	return table.Put(table.Key{Table: table.Shares, PK: "DASHBOARD#" + c.DashboardID, SK: historySort(c.At)}, it, table.IfAbsent())
}

// historyWrites are the lines of what happened in one moment, in the order in
// which they are given.
func historyWrites(changes ...core.AccessChange) []table.Write {
	ws, sorts := make([]table.Write, len(changes)), make([]string, len(changes))
	for i, c := range changes {
		ws[i] = historyWrite(c)
		sorts[i] = ws[i].Key.SK
	}
	slices.Sort(sorts)
	for i := range ws {
		ws[i].Key.SK = sorts[i]
	}
	return ws
}

// historySort is a sort key of its own for a change at the time: the history
// reads in the order in which it happened.
func historySort(at time.Time) string {
	return historyPrefix + at.UTC().Format(timeForm) + "#" + core.NewID("chg")
}

func readAccess(dashboardID string, it table.Item) core.AccessChange {
	c := core.AccessChange{
		DashboardID: dashboardID, At: getTime(it, "at"), Kind: it.Str("kind"), TargetType: core.TargetType(strings.ToUpper(it.Str("target_type"))),
		TargetID: it.Str("target_id"), Permission: core.Permission(strings.ToUpper(it.Str("permission"))),
		Previous: core.Permission(strings.ToUpper(it.Str("previous"))), Added: it.Strings("cards_added"), Removed: it.Strings("cards_removed"),
		ExpiresAt: getTime(it, "expires_at"), PreviousOwner: it.Str("previous_owner"), ActorID: it.Str("actor_id"),
	}
	if grants, ok := it["cards_grants"].(map[string]any); ok {
		c.Grants = make(map[string][]string, len(grants))
		for id := range grants {
			c.Grants[id] = table.Item(grants).Strings(id)
		}
	}
	return c
}

// History is every change of who could see a dashboard, oldest first; it is
// there after the dashboard is gone.
func (r *Shares) History(ctx context.Context, dashboardID string) ([]core.AccessChange, error) {
	items, err := collect(ctx, r.e, table.Query{Table: table.Shares, PK: "DASHBOARD#" + dashboardID, Prefix: historyPrefix}, 0)
	if err != nil {
		return nil, err
	}
	changes := make([]core.AccessChange, len(items))
	for i, it := range items {
		changes[i] = readAccess(dashboardID, it)
	}
	return changes, nil
}

// EverOpenTo lists the dashboards that a user owned, or that were shared with a
// user or group, at any time, each once; those that are gone included.
func (r *Shares) EverOpenTo(ctx context.Context, t core.TargetType, id string) ([]string, error) {
	items, err := collect(ctx, r.e, table.Query{Table: table.Shares, Index: table.HistoryByTarget, PK: principal(t, id)}, 0)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, it := range items {
		_, id, _ := strings.Cut(it.Str(table.AttrPK), "#")
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
