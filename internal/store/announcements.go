package store

import (
	"context"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// What everybody is told is in bi_outbox: ALL / ANNOUNCEMENT#id, gone after its end.
const (
	toAll              = "ALL"
	announcementPrefix = "ANNOUNCEMENT#"
)

// MaxAnnouncements is how many announcements there may be at the same time.
const MaxAnnouncements = 10

func announcementKey(id string) table.Key {
	return table.Key{Table: table.Outbox, PK: toAll, SK: announcementPrefix + id}
}

// announcementOf is the id of the announcement that a key is of.
func announcementOf(k table.Key) string { return strings.TrimPrefix(k.SK, announcementPrefix) }

// Announce keeps an announcement until it ends.
func (r *Outbox) Announce(ctx context.Context, a *core.Announcement) error {
	it := table.Item{
		"announcement_id": a.ID, "ja": a.Ja, "en": a.En, "severity": string(a.Severity), "created_by": a.CreatedBy, "ttl": a.Until.Unix() + 1,
	}
	putTime(it, "until", a.Until)
	putTime(it, "created_at", a.CreatedAt)
	return apply(ctx, r.e, append(onceWrites(ctx, a.ID), table.Put(announcementKey(a.ID), it, table.IfAbsent())))
}

// Withdraw removes an announcement; NOT_FOUND where there is none.
func (r *Outbox) Withdraw(ctx context.Context, id string) error {
	err := r.e.Write(ctx, table.Delete(announcementKey(id), table.IfExists()))
	if table.ConditionFailed(err) != nil {
		return core.NotFound("input.id")
	}
	return err
}

// Announcements are all that are kept, those that ended lately among them, the
// oldest first.
func (r *Outbox) Announcements(ctx context.Context) ([]core.Announcement, error) {
	return collectAs(ctx, r.e, table.Query{Table: table.Outbox, PK: toAll, Prefix: announcementPrefix}, 0, func(it table.Item) core.Announcement {
		return core.Announcement{
			ID: it.Str("announcement_id"), Ja: it.Str("ja"), En: it.Str("en"), Severity: core.AnnouncementSeverity(it.Str("severity")),
			CreatedBy: it.Str("created_by"), Until: getTime(it, "until"), CreatedAt: getTime(it, "created_at"),
		}
	})
}
