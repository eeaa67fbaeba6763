package core

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
)

// Noun is the kind of thing an id names; it is the id's prefix.
type Noun string

// The nouns that have ids.
const (
	NounUser          Noun = "user"
	NounSession       Noun = "sess"
	NounGroup         Noun = "grp"
	NounDataset       Noun = "ds"
	NounCard          Noun = "card"
	NounDashboard     Noun = "dash"
	NounShare         Noun = "share"
	NounJob           Noun = "job"
	NounAudit         Noun = "log"
	NounFilter        Noun = "flt"
	NounDashboardCard Noun = "dcard"
	NounFilterView    Noun = "view" // view_<dashboard>_<own>
	NounPolicy        Noun = "pol"
	NounAPIKey        Noun = "key"
	NounNotice        Noun = "note"
	NounAnnouncement  Noun = "ann"
	NounAccessRequest Noun = "req" // req_<dashboard>_u<person>
	NounTransform     Noun = "tf"
	NounExecution     Noun = "exec" // exec_<transform>_<own>
)

// NewID makes a fresh id: the noun, "_" and a UUIDv7 (RFC 9562 §5.7) in 32 hex
// digits. Ids that a process makes later sort later, so "newest first" is "id
// descending" and lines of history of one moment keep their order.
func NewID(n Noun) string { return string(n) + "_" + uuidv7(ticks.next(time.Now())) }

// ticks are the moments of this process's ids.
var ticks tick

// tick hands out moments in steps of 1/4096 ms, each later than the one before
// (RFC 9562 §6.2, methods 1 and 3).
type tick struct{ last atomic.Uint64 }

func (k *tick) next(t time.Time) uint64 {
	for {
		last := k.last.Load()
		now := uint64(t.UnixMilli())<<12 | uint64(t.Nanosecond()%1e6)<<12/1e6
		now = max(now, last+1)
		if k.last.CompareAndSwap(last, now) {
			return now
		}
	}
}

func uuidv7(tick uint64) string {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails, see crypto/rand
	binary.BigEndian.PutUint64(u[:8], tick<<4)
	u[7] = byte(tick)
	u[6] = byte(tick>>8)&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return hex.EncodeToString(u[:])
}

var (
	plainID = regexp.MustCompile(`^([a-z]+)_([0-9a-f]{32})$`)
	childID = regexp.MustCompile(`^(share|dcard|req|view|exec)_([0-9a-f]{32})_([ugc]?)([0-9a-f]{32})$`)
)

// NounOf tells which noun an id names; ok is false for anything that is not a well-formed id.
func NounOf(id string) (n Noun, ok bool) {
	if len(id) > 80 {
		return "", false
	}
	if m := plainID.FindStringSubmatch(id); m != nil {
		return Noun(m[1]), true
	}
	if m := childID.FindStringSubmatch(id); m != nil {
		return Noun(m[1]), true
	}
	return "", false
}

// CheckID tells whether the id is well formed and names the noun. The error is
// NOT_FOUND for another noun's id, so that ids cannot be probed by kind, and
// VALIDATION_ERROR for what is no id at all.
func CheckID(field, id string, want Noun) error {
	got, ok := NounOf(id)
	switch {
	case id == "":
		return Invalid(field, "required")
	case !ok:
		return Invalid(field, "bad_id")
	case got != want:
		return NotFound(field)
	}
	return nil
}

// ShareID is the deterministic id of the share of a dashboard to a target.
func ShareID(dashboardID string, t TargetType, targetID string) string {
	return "share_" + bare(dashboardID) + "_" + t.letter() + bare(targetID)
}

// ParseShareID splits a share id into the dashboard and the target it names.
func ParseShareID(id string) (dashboardID string, t TargetType, targetID string, ok bool) {
	m := childID.FindStringSubmatch(id)
	if m == nil || m[1] != string(NounShare) {
		return "", "", "", false
	}
	switch m[3] {
	case "u":
		return "dash_" + m[2], TargetUser, "user_" + m[4], true
	case "g":
		return "dash_" + m[2], TargetGroup, "grp_" + m[4], true
	}
	return "", "", "", false
}

// AccessRequestID is the deterministic id of a person's request for a dashboard.
func AccessRequestID(dashboardID, userID string) string {
	return "req_" + bare(dashboardID) + "_u" + bare(userID)
}

// ParseAccessRequestID splits a request's id into the dashboard and the person.
func ParseAccessRequestID(id string) (dashboardID, userID string, ok bool) {
	m := childID.FindStringSubmatch(id)
	if m == nil || m[1] != string(NounAccessRequest) || m[3] != "u" {
		return "", "", false
	}
	return "dash_" + m[2], "user_" + m[4], true
}

// NewFilterViewID makes a fresh id of a filter view of a dashboard.
func NewFilterViewID(dashboardID string) string {
	return FilterViewPrefix(dashboardID) + bare(NewID(NounFilterView))
}

// FilterViewPrefix is how the ids of all filter views of a dashboard begin.
func FilterViewPrefix(dashboardID string) string { return "view_" + bare(dashboardID) + "_" }

// FilterViewDashboard is the dashboard that a filter view's id names.
func FilterViewDashboard(id string) (dashboardID string, ok bool) {
	m := childID.FindStringSubmatch(id)
	if m == nil || m[1] != string(NounFilterView) || m[3] != "" {
		return "", false
	}
	return "dash_" + m[2], true
}

// NewExecutionID makes a fresh id of a run of a transform.
func NewExecutionID(transformID string) string {
	return "exec_" + bare(transformID) + "_" + bare(NewID(NounExecution))
}

// ExecutionTransform is the transform that an execution's id names.
func ExecutionTransform(id string) (transformID string, ok bool) {
	m := childID.FindStringSubmatch(id)
	if m == nil || m[1] != string(NounExecution) || m[3] != "" {
		return "", false
	}
	return "tf_" + m[2], true
}

// DashboardCardID names a card in its place on one dashboard, so that a client's
// cache never mixes two dashboards.
func DashboardCardID(dashboardID, cardID string) string {
	return "dcard_" + bare(dashboardID) + "_c" + bare(cardID)
}

// ParseDashboardCardID splits the id of a card in its place into the dashboard and the card.
func ParseDashboardCardID(id string) (dashboardID, cardID string, ok bool) {
	m := childID.FindStringSubmatch(id)
	if m == nil || m[1] != string(NounDashboardCard) || m[3] != "c" {
		return "", "", false
	}
	return "dash_" + m[2], "card_" + m[4], true
}

func bare(id string) string {
	_, hex, _ := strings.Cut(id, "_")
	return hex
}
