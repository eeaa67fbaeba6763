package store

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Outbox is bi_outbox's USER#id / NOTICE#id: what people are told, kept for 90
// days, and what everybody is told, see Announce. A notice is written in the
// transaction of what it tells of, so nobody is told of what did not happen; see
// noticeWrite.
type Outbox struct{ e table.Engine }

const outboxKept = 90 * 24 * time.Hour

func noticeKey(userID, id string) table.Key {
	return table.Key{Table: table.Outbox, PK: "USER#" + userID, SK: "NOTICE#" + id}
}

// noticeWrite is the write of a new notice, for a transaction. An empty id or
// time is filled in.
func noticeWrite(n core.Notice) table.Write {
	if n.ID == "" {
		n.ID = core.NewID(core.NounNotice)
	}
	if n.CreatedAt.IsZero() {
		n.CreatedAt = Now()
	}
	return table.Put(noticeKey(n.UserID, n.ID), writeNotice(&n), table.IfAbsent())
}

func noticeWrites(ns []core.Notice) []table.Write {
	ws := make([]table.Write, len(ns))
	for i, n := range ns {
		ws[i] = noticeWrite(n)
	}
	return ws
}

func writeNotice(n *core.Notice) table.Item {
	it := table.Item{"notice_id": n.ID, "user_id": n.UserID, "kind": string(n.Kind), "ttl": n.CreatedAt.Add(outboxKept).Unix()}
	putStr(it, "actor_id", n.ActorID)
	putStr(it, "target_id", n.TargetID)
	putStr(it, "request_id", n.RequestID)
	putStr(it, "message", n.Message)
	putTime(it, "created_at", n.CreatedAt)
	putTime(it, "read_at", n.ReadAt)
	return it
}

func readNotice(it table.Item) *core.Notice {
	return &core.Notice{
		ID: it.Str("notice_id"), UserID: it.Str("user_id"), Kind: core.NoticeKind(it.Str("kind")), ActorID: it.Str("actor_id"),
		TargetID: it.Str("target_id"), RequestID: it.Str("request_id"), Message: it.Str("message"),
		CreatedAt: getTime(it, "created_at"), ReadAt: getTime(it, "read_at"),
	}
}

// Add writes a notice that belongs to no other change.
func (r *Outbox) Add(ctx context.Context, n core.Notice) error { return r.e.Write(ctx, noticeWrite(n)) }

// Get reads a notice of a person; nil when there is none.
func (r *Outbox) Get(ctx context.Context, userID, id string) (*core.Notice, error) {
	it, err := r.e.Get(ctx, noticeKey(userID, id))
	if err != nil || it == nil {
		return nil, err
	}
	return readNotice(it), nil
}

// Of lists what a person is told, newest first; the cursor is the last id.
func (r *Outbox) Of(ctx context.Context, userID string, unreadOnly bool, p core.PageArgs) (core.Page[*core.Notice], error) {
	q := table.Query{Table: table.Outbox, PK: "USER#" + userID, Prefix: "NOTICE#", Desc: true}
	if p.After != "" {
		if n, ok := core.NounOf(p.After); !ok || n != core.NounNotice {
			return core.Page[*core.Notice]{}, core.Invalid("after", "bad_cursor")
		}
		q.Start = &table.Position{SK: "NOTICE#" + p.After}
	}
	var found []*core.Notice
	for {
		q.Limit = p.First + 1 - len(found)
		page, err := readPage(ctx, r.e, q)
		if err != nil {
			return core.Page[*core.Notice]{}, err
		}
		for _, it := range page.Items {
			if n := readNotice(it); !unreadOnly || n.ReadAt.IsZero() {
				found = append(found, n)
			}
		}
		if page.Last == nil || len(found) > p.First {
			return pageOf(found, p.First, func(n *core.Notice) string { return n.ID }), nil
		}
		q.Start = page.Last // notices that were read took the places of unread ones
	}
}

// MarkRead marks notices of a person as read, all or nothing, at most a hundred
// and none twice. missing is the place of the first that is not there, -1 for
// none; where there is one nothing is changed.
func (r *Outbox) MarkRead(ctx context.Context, userID string, ids []string, at time.Time) (missing int, err error) {
	notices, err := getMany(ctx, r.e, ids, func(id string) table.Key { return noticeKey(userID, id) }, readNotice)
	if err != nil {
		return -1, err
	}
	var ws []table.Write
	for i, id := range ids {
		n := notices[id]
		if n == nil {
			return i, nil
		}
		if n.ReadAt.IsZero() {
			n.ReadAt = at
			ws = append(ws, table.Put(noticeKey(userID, id), writeNotice(n), table.IfExists()))
		}
	}
	if len(ws) == 0 {
		return -1, nil
	}
	err = apply(ctx, r.e, ws)
	if table.ConditionFailed(err) != nil { // one became too old meanwhile
		return 0, nil
	}
	return -1, err
}
