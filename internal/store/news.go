package store

import (
	"context"
	"errors"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Watched is the engine, and tells of what is written through it, once it is:
// changes of dashboards, notices, and ends of what people signed in with. Here
// nothing is missed, whichever way it was changed. A write whose answer was lost may
// have been done, so it is told, too; of runs and imports, which are told where they
// are worked on, only such a write is told here.
func Watched(e table.Engine, tell core.Tell) table.Engine { return &watched{e, tell} }

type watched struct {
	table.Engine
	tell core.Tell
}

// Write is told of at [table.Engine].
func (w *watched) Write(ctx context.Context, x table.Write) error {
	err := w.Engine.Write(ctx, x)
	w.told(ctx, err, x)
	return err
}

// Transact is told of at [table.Engine].
func (w *watched) Transact(ctx context.Context, token string, ws []table.Write) error {
	err := w.Engine.Transact(ctx, token, ws)
	w.told(ctx, err, ws...)
	return err
}

// told tells each thing of a transaction once.
func (w *watched) told(ctx context.Context, err error, ws ...table.Write) {
	if table.ConditionFailed(err) != nil || errors.Is(err, table.ErrTooLarge) {
		return
	}
	type piece struct {
		topic string
		value any
	}
	seen := map[piece]bool{}
	for _, x := range ws {
		topic, value := newsOf(ctx, x)
		if topic == "" && err != nil {
			topic = unsureOf(x)
		}
		if p := (piece{topic, value}); topic != "" && !seen[p] {
			seen[p] = true
			w.tell.Say(ctx, topic, value)
		}
	}
}

// newsOf is what a write tells, and to whom; "" where it tells nothing. The values can be compared.
func newsOf(ctx context.Context, x table.Write) (topic string, value any) {
	_, fresh, _, _ := x.If.Kind()
	if x.Op == table.OpCheck {
		return "", nil
	}
	kind, id, _ := strings.Cut(x.Key.PK, "#")
	switch {
	case kind == "DASHBOARD":
		return dashboardNews(ctx, x, id, fresh)
	case x.Key.Table == table.Outbox && kind == toAll:
		return core.AnnouncementTopic, announcementNews(x)
	case x.Op == table.OpDelete:
	case x.Key.Table == table.Outbox && kind == "USER" && fresh:
		return core.NoticeTopic(id), core.ServiceNotice{Kind: core.NewsNotice, NoticeID: x.Item.Str("notice_id")}
	case x.Key.Table == table.Users && x.Key.SK == metadata && !fresh:
		return core.UserTopic(id), struct{}{}
	case (x.Key.Table == table.Sessions || kind == "KEY") && x.Item.Str("revoked_at") != "":
		return core.SignInTopic(id), struct{}{}
	}
	return "", nil
}

func announcementNews(x table.Write) core.ServiceNotice {
	n := core.ServiceNotice{Kind: core.NewsAnnouncement, AnnouncementID: announcementOf(x.Key)}
	if x.Op == table.OpDelete {
		n.Kind = core.NewsWithdrawn
	}
	return n
}

// unsureOf is whom it concerns that a write may have been done; they are told to look
// how things stand.
func unsureOf(x table.Write) (topic string) {
	switch {
	case x.Key.Table == table.Executions && strings.HasPrefix(x.Key.SK, executionPrefix):
		return core.ExecutionTopic(x.Item.Str("execution_id"))
	case x.Key.Table == table.Jobs && x.Key.SK == metadata:
		return core.ImportTopic(x.Item.Str("job_id"))
	}
	return ""
}

func dashboardNews(ctx context.Context, x table.Write, id string, fresh bool) (topic string, value any) {
	change := core.DashboardChange{ByID: core.ActorFrom(ctx).ActingID()}
	switch {
	case x.Key.Table == table.Dashboards && x.Key.SK == metadata && !fresh:
		change.Kind, change.Version = core.ChangeUpdated, x.Item.Int("version")
	case x.Key.Table == table.Shares && isPrincipal(x.Key.SK):
		change.Kind = core.ChangeAccess
	case x.Key.Table == table.FilterViews: // some are nobody else's, so nothing is told of whose
		change = core.DashboardChange{Kind: core.ChangeFilterViews}
	default:
		return "", nil
	}
	return core.DashboardTopic(id), change
}
