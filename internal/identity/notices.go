package identity

import (
	"context"
	"strconv"

	"github.com/karuta-bi/karuta/internal/core"
)

// Notices lists what the actor is told, newest first. For whoever is signed in;
// everybody reads their own.
func (s *Service) Notices(ctx context.Context, unreadOnly bool, p core.PageArgs) (core.Page[*core.Notice], error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return core.Page[*core.Notice]{}, err
	}
	page, err := s.store.Outbox.Of(ctx, actor.UserID(), unreadOnly, p)
	if err != nil {
		return page, core.Known("identity: read notices", err)
	}
	return page, nil
}

// NoticeTopics are where the actor's notices are told as they are made, and what
// everybody is told.
func (s *Service) NoticeTopics(ctx context.Context) ([]string, error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	return []string{core.NoticeTopic(actor.UserID()), core.AnnouncementTopic}, nil
}

// Notice is one notice of the actor's; NOT_FOUND for everybody else's.
func (s *Service) Notice(ctx context.Context, id string) (*core.Notice, error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := core.CheckID("id", id, core.NounNotice); err != nil {
		return nil, err
	}
	notice, err := s.store.Outbox.Get(ctx, actor.UserID(), id)
	return found(notice, err, "id")
}

// MarkNoticesRead marks notices of the actor's as read, all or none: NOT_FOUND
// where one is somebody else's or gone. At most [core.MaxPage].
func (s *Service) MarkNoticesRead(ctx context.Context, ids []string) error {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return err
	}
	if err := checkNotices(ids); err != nil {
		return err
	}
	missing, err := s.store.Outbox.MarkRead(ctx, actor.UserID(), ids, s.now())
	if err != nil {
		return core.Known("identity: mark notices", err)
	}
	if missing >= 0 {
		return core.NotFound(noticeField(missing))
	}
	return nil
}

// MarkAllNoticesRead marks all that the actor is told by now as read. What was
// marked stays marked where it fails midway.
func (s *Service) MarkAllNoticesRead(ctx context.Context) error {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return err
	}
	for p, now := (core.PageArgs{First: core.MaxPage}), s.now(); ; {
		page, err := s.store.Outbox.Of(ctx, actor.UserID(), true, p)
		if err != nil {
			return core.Known("identity: read notices", err)
		}
		// The cursors are the ids. What became too old meanwhile needs no mark.
		if _, err := s.store.Outbox.MarkRead(ctx, actor.UserID(), page.Cursors, now); err != nil {
			return core.Known("identity: mark notices", err)
		}
		if !page.HasNext {
			return nil
		}
		p.After = page.EndCursor()
	}
}

func noticeField(i int) string { return "input.ids." + strconv.Itoa(i) }

func checkNotices(ids []string) error {
	if len(ids) > core.MaxPage {
		return core.Invalid("input.ids", "too_many", "max", core.MaxPage)
	}
	seen := map[string]bool{}
	for i, id := range ids {
		if err := core.CheckID(noticeField(i), id, core.NounNotice); err != nil {
			return err
		}
		if seen[id] {
			return core.Invalid(noticeField(i), "duplicate_item")
		}
		seen[id] = true
	}
	return nil
}
