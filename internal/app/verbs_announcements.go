package app

import (
	"cmp"
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/schema"
)

// AnnouncementArgs name an announcement, or what everybody is told and for how long.
type AnnouncementArgs struct {
	ID       string
	Ja, En   string
	Severity string
	For      time.Duration
	Until    string // in the place of For, as the API takes moments
}

// AnnouncementRow is an announcement as operators see it.
type AnnouncementRow struct {
	ID       string
	Ja, En   string
	Severity core.AnnouncementSeverity
	Until    time.Time
	MadeBy   string // who made it: their address, or operator
	MadeAt   time.Time
}

func (a *App) listAnnouncements(ctx context.Context, _ struct{}) ([]AnnouncementRow, error) {
	all, err := a.Identity.Announcements(ctx)
	if err != nil {
		return nil, err
	}
	people, err := a.addresses(ctx)
	rows := make([]AnnouncementRow, len(all))
	for i := range all {
		rows[i] = announcementRow(&all[i], people)
	}
	return rows, err
}

func (a *App) makeAnnouncement(ctx context.Context, in AnnouncementArgs) (AnnouncementRow, error) {
	until := time.Now().Add(in.For)
	if in.Until != "" {
		named, err := schema.ParseTime(in.Until)
		if err != nil {
			return AnnouncementRow{}, core.Invalid("until", "bad_value")
		}
		until = named
	}
	made, err := a.Identity.Announce(ctx, identity.NewAnnouncement{Ja: in.Ja, En: in.En, Severity: core.AnnouncementSeverity(in.Severity), Until: until})
	if err != nil {
		return AnnouncementRow{}, err
	}
	return announcementRow(made, nil), nil
}

func (a *App) withdrawAnnouncement(ctx context.Context, in AnnouncementArgs) (AnnouncementRow, error) {
	return AnnouncementRow{ID: in.ID}, a.Identity.WithdrawAnnouncement(ctx, in.ID)
}

func announcementRow(said *core.Announcement, people map[string]string) AnnouncementRow {
	return AnnouncementRow{
		ID: said.ID, Ja: said.Ja, En: said.En, Severity: said.Severity, Until: said.Until,
		MadeBy: cmp.Or(people[said.CreatedBy], said.CreatedBy), MadeAt: said.CreatedAt,
	}
}
