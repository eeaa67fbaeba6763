package core

import "time"

// AnnouncementSeverity is how much an announcement matters.
type AnnouncementSeverity string

// The severities.
const (
	SeverityInfo     AnnouncementSeverity = "INFO"
	SeverityWarning  AnnouncementSeverity = "WARNING"
	SeverityCritical AnnouncementSeverity = "CRITICAL"
)

// Announcement tells everybody something until it ends or is withdrawn.
type Announcement struct {
	ID        string
	Ja, En    string
	Severity  AnnouncementSeverity
	Until     time.Time
	CreatedBy string
	CreatedAt time.Time
}

// In is what the announcement says in the language.
func (a *Announcement) In(l Locale) string { return text{a.Ja, a.En}.in(l) }
