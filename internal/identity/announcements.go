package identity

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Bounds of an announcement.
const (
	maxAnnouncement = 500 // characters
	maxAnnounced    = 30  // days
)

// NewAnnouncement is what everybody is to be told, in both languages.
type NewAnnouncement struct {
	Ja, En   string // at most 500 characters
	Severity core.AnnouncementSeverity
	Until    time.Time // at most 30 days from now
}

// Announcements are those that hold now, the oldest first. For whoever is signed in.
func (s *Service) Announcements(ctx context.Context) ([]core.Announcement, error) {
	if _, err := s.gate.RequireSignedIn(ctx); err != nil {
		return nil, err
	}
	all, err := s.store.Outbox.Announcements(ctx)
	if err != nil {
		return nil, core.Known("identity: read announcements", err)
	}
	now := s.now()
	return slices.DeleteFunc(all, func(a core.Announcement) bool { return !now.Before(a.Until) }), nil
}

// Announcement is one that holds now; NOT_FOUND otherwise. For whoever is signed in.
func (s *Service) Announcement(ctx context.Context, id string) (*core.Announcement, error) {
	return s.announcement(ctx, "id", id)
}

func (s *Service) announcement(ctx context.Context, field, id string) (*core.Announcement, error) {
	all, err := s.Announcements(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(a core.Announcement) bool { return a.ID == id })
	if at < 0 {
		return nil, core.NotFound(field)
	}
	return &all[at], nil
}

// Announce tells everybody something, now and whenever they come until it ends. For
// administrators.
func (s *Service) Announce(ctx context.Context, in NewAnnouncement) (*core.Announcement, error) {
	actor, err := s.gate.RequireAdmin(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.checkAnnouncement(in); err != nil {
		return nil, err
	}
	if all, err := s.Announcements(ctx); err != nil {
		return nil, err
	} else if len(all) >= store.MaxAnnouncements {
		return nil, core.Invalid("input", "too_many", "max", store.MaxAnnouncements)
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	a := &core.Announcement{
		ID: core.NewID(core.NounAnnouncement), Ja: in.Ja, En: in.En, Severity: in.Severity, Until: in.Until.UTC().Truncate(time.Millisecond),
		CreatedBy: actor.ActingID(), CreatedAt: s.now(),
	}
	if err := s.store.Outbox.Announce(ctx, a); err != nil {
		return nil, core.Known("identity: announce", err)
	}
	return a, s.recordStrict(ctx, core.EventAnnounced, "announcement", a.ID, "severity", string(a.Severity), "until", a.Until.Format(time.RFC3339))
}

func (s *Service) checkAnnouncement(in NewAnnouncement) error {
	for _, text := range []struct{ field, said string }{{"input.ja", in.Ja}, {"input.en", in.En}} {
		if strings.TrimSpace(text.said) == "" {
			return core.Invalid(text.field, "required")
		}
		if err := core.CheckText(text.field, text.said, maxAnnouncement); err != nil {
			return err
		}
	}
	return core.CheckUntil("input.until", in.Until, s.now(), maxAnnounced)
}

// WithdrawAnnouncement ends an announcement before its time; NOT_FOUND where it has
// ended. For administrators.
func (s *Service) WithdrawAnnouncement(ctx context.Context, id string) error {
	if _, err := s.gate.RequireAdmin(ctx); err != nil {
		return err
	}
	if err := core.CheckID("input.id", id, core.NounAnnouncement); err != nil {
		return err
	}
	if _, err := s.announcement(ctx, "input.id", id); err != nil {
		return err
	}
	if err := s.audit.Ready(); err != nil {
		return err
	}
	if err := s.store.Outbox.Withdraw(ctx, id); err != nil {
		return core.Known("identity: withdraw announcement", err)
	}
	return s.recordStrict(ctx, core.EventAnnouncementWithdrawn, "announcement", id)
}
