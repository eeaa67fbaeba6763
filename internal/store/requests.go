package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Requests is bi_outbox's DASHBOARD#id / REQUEST#user: who asks for access to a
// dashboard. The key is deterministic, so nobody asks twice at once. Open ones
// are in a sparse index by who asked.
type Requests struct{ e table.Engine }

const requestPrefix = "REQUEST#"

func requestKey(dashboardID, userID string) table.Key {
	return table.Key{Table: table.Outbox, PK: "DASHBOARD#" + dashboardID, SK: requestPrefix + userID}
}

func writeRequest(r *core.AccessRequest) table.Item {
	last := r.CreatedAt
	if r.AnsweredAt.After(last) {
		last = r.AnsweredAt
	}
	it := table.Item{
		"dashboard_id": r.DashboardID, "user_id": r.UserID, "permission": strings.ToLower(string(r.Permission)),
		"status": strings.ToLower(string(r.Status)), "version": r.Version, "ttl": last.Add(outboxKept).Unix(),
	}
	if r.Status == core.RequestOpen {
		it["open_by"] = r.UserID
	}
	putStr(it, "message", r.Message)
	putStr(it, "answered_by", r.AnsweredBy)
	putStr(it, "answer", r.Answer)
	putTime(it, "created_at", r.CreatedAt)
	putTime(it, "answered_at", r.AnsweredAt)
	return it
}

func readRequest(it table.Item) *core.AccessRequest {
	return &core.AccessRequest{
		DashboardID: it.Str("dashboard_id"), UserID: it.Str("user_id"), Permission: core.Permission(strings.ToUpper(it.Str("permission"))),
		Message: it.Str("message"), Status: core.RequestStatus(strings.ToUpper(it.Str("status"))), AnsweredBy: it.Str("answered_by"),
		Answer: it.Str("answer"), Version: it.Int("version"), CreatedAt: getTime(it, "created_at"), AnsweredAt: getTime(it, "answered_at"),
	}
}

// Get reads a person's request for a dashboard; nil when there is none.
func (r *Requests) Get(ctx context.Context, dashboardID, userID string) (*core.AccessRequest, error) {
	it, err := r.e.Get(ctx, requestKey(dashboardID, userID))
	if err != nil || it == nil {
		return nil, err
	}
	return readRequest(it), nil
}

// OpenOf lists the open requests for a dashboard, by person.
func (r *Requests) OpenOf(ctx context.Context, dashboardID string) ([]*core.AccessRequest, error) {
	all, err := r.of(ctx, dashboardID)
	return slices.DeleteFunc(all, func(q *core.AccessRequest) bool { return q.Status != core.RequestOpen }), err
}

func (r *Requests) of(ctx context.Context, dashboardID string) ([]*core.AccessRequest, error) {
	return collectAs(ctx, r.e, table.Query{Table: table.Outbox, PK: "DASHBOARD#" + dashboardID, Prefix: requestPrefix}, 0, readRequest)
}

// CountOpen counts what a person is waiting for, up to the limit.
func (r *Requests) CountOpen(ctx context.Context, userID string, limit int) (int, error) {
	items, err := collect(ctx, r.e, table.Query{Table: table.Outbox, Index: table.RequestsOpen, PK: userID}, limit)
	return len(items), err
}

// Ask writes a request over the version it was read at (0: there was none) with
// the notices that tell of it. NOT_FOUND when the dashboard is gone by now,
// CONFLICT when somebody wrote the request meanwhile.
func (r *Requests) Ask(ctx context.Context, q *core.AccessRequest, notices []core.Notice) error {
	cond := table.IfVersion(q.Version)
	if q.Version == 0 {
		cond = table.IfAbsent()
	}
	q.Version++
	err := r.e.Transact(ctx, "", append([]table.Write{
		table.Put(requestKey(q.DashboardID, q.UserID), writeRequest(q), cond),
		table.Check(dashboardKey(q.DashboardID), table.IfExists()),
	}, noticeWrites(notices)...))
	if failed := table.ConditionFailed(err); failed != nil {
		if failed.Index == 1 {
			return core.NotFound("input.dashboardId")
		}
		return &core.Error{Code: core.CodeConflict, Cause: err}
	}
	return err
}

// Answer writes the answer to a request under the version it was read at, the
// share that it gives (nil for none) and the notice that tells of it, all or
// nothing. A share of Version 0 is new, any other is changed from previous.
// CONFLICT when the request or the share was changed meanwhile, NOT_FOUND when
// the dashboard is gone by now.
func (r *Requests) Answer(ctx context.Context, q *core.AccessRequest, sh *core.Share, previous core.Permission, notice core.Notice) error {
	was := q.Version
	q.Version++
	ws := []table.Write{
		table.Put(requestKey(q.DashboardID, q.UserID), writeRequest(q), table.IfVersion(was)), noticeWrite(notice),
	}
	var err error
	if sh == nil {
		err = r.e.Transact(ctx, "", append(ws, table.Check(dashboardKey(q.DashboardID), table.IfExists())))
	} else {
		ws = append(ws, raisedShare(sh, previous, q.AnsweredBy)...)
		err = withOtherOwner(ctx, r.e, q.DashboardID, q.UserID, func(stays table.Write) error {
			return r.e.Transact(ctx, "", append(ws, stays))
		})
	}
	failed := table.ConditionFailed(err)
	switch {
	case errors.Is(err, errOwns):
		return core.Invalid("input.id", "is_owner")
	case core.CodeOf(err) == core.CodeNotFound, failed != nil && failed.Key == dashboardKey(q.DashboardID) && sh == nil:
		return core.NotFound("input.id")
	case failed != nil:
		return &core.Error{Code: core.CodeConflict, Field: "input.id", Cause: err}
	}
	return err
}

// raisedShare are the writes of a new share, or of one that was read and
// changed, with its line of history.
func raisedShare(sh *core.Share, previous core.Permission, actorID string) []table.Write {
	cond, kind := table.IfVersion(sh.Version), "share_updated"
	if sh.Version == 0 {
		cond, kind = table.IfAbsent(), "share_added"
	}
	sh.Version++
	return []table.Write{
		table.Put(shareKey(sh.DashboardID, sh.TargetType, sh.TargetID), writeShare(sh), cond),
		shareChange(sh, kind, previous, actorID),
	}
}
