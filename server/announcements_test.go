package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

const (
	announce = `mutation { announce(input: {ja: "今夜止まります", en: "It stops tonight", severity: WARNING, until: %q}) { announcement { id } } }`
	hearing  = `subscription { serviceNotice%s { seq kind announcementId announcement { id text severity } notice { message } } }`
)

// Everybody is told at once, in their order beside their own notices; who was cut off
// gets both, and who comes late asks.
func TestAnAnnouncementIsToldToEverybody(t *testing.T) {
	h := newHouse(t)
	viewer, token := h.person()
	_, other := h.person()
	_, admin := h.user(core.RoleAdmin)
	k, o := h.signedIn(token), h.signedIn(other)
	k.subscribe("1", fmt.Sprintf(hearing, ""))
	o.subscribe("1", fmt.Sprintf(hearing, ""))
	opened := k.next("serviceNotice")
	o.next("serviceNotice")
	id := h.ask(admin, fmt.Sprintf(announce, store.Now().Add(time.Hour).Format(time.RFC3339)), nil).at("announce.announcement.id")
	for _, s := range []*talk{k, o} {
		said, _ := s.next("serviceNotice")["announcement"].(map[string]any)
		if said["id"] != id || said["text"] != "今夜止まります" || said["severity"] != "WARNING" {
			t.Errorf("told %v", said)
		}
	}
	must(t, h.store.Outbox.Add(t.Context(), core.Notice{UserID: viewer.ID, Kind: core.NoticeShared, Message: "for the viewer"}))
	if got := k.next("serviceNotice"); got["kind"] != "NOTICE" {
		t.Errorf("told %v", got)
	}
	if late := h.ask(other, `{ announcements { id text } }`, nil, "Accept-Language", "en"); !strings.Contains(late.text, `"text":"It stops tonight"`) {
		t.Errorf("who comes late is told %s", late.text)
	}
	h.ask(admin, `mutation { withdrawAnnouncement(input: {id: "`+id+`"}) { id } }`, nil)
	if got := o.next("serviceNotice"); got["kind"] != "WITHDRAWN" || got["announcementId"] != id || got["announcement"] != nil {
		t.Errorf("told %v", got)
	}
	if late := h.ask(other, `{ announcements { id } }`, nil); strings.Contains(late.text, id) {
		t.Errorf("what is withdrawn is told: %s", late.text)
	}
	again := h.signedIn(token)
	again.subscribe("1", fmt.Sprintf(hearing, fmt.Sprintf("(after: %.0f)", opened["seq"])))
	for _, want := range []string{"ANNOUNCEMENT", "NOTICE", "WITHDRAWN"} {
		if got := again.next("serviceNotice"); got["kind"] != want {
			t.Errorf("who resumes is told %v, want %s", got, want)
		}
	}
}

func TestAnnouncementsEndAndAreFew(t *testing.T) {
	h := newHouse(t)
	_, admin := h.user(core.RoleAdmin)
	past := &core.Announcement{ID: core.NewID(core.NounAnnouncement), Ja: "x", En: "x", Severity: core.SeverityInfo, Until: store.Now().Add(-time.Second), CreatedAt: store.Now()}
	must(t, h.store.Outbox.Announce(t.Context(), past))
	if all := h.ask(admin, `{ announcements { id } }`, nil); strings.Contains(all.text, past.ID) {
		t.Errorf("what has ended is told: %s", all.text)
	}
	until := store.Now().Add(time.Hour).Format(time.RFC3339)
	for range store.MaxAnnouncements {
		if a := h.ask(admin, fmt.Sprintf(announce, until), nil); a.code() != "" {
			t.Fatal(a.text)
		}
	}
	if a := h.ask(admin, fmt.Sprintf(announce, until), nil); a.code() != "VALIDATION_ERROR" {
		t.Errorf("one too many: %s", a.text)
	}
	if a := h.ask(admin, fmt.Sprintf(announce, store.Now().AddDate(0, 2, 0).Format(time.RFC3339)), nil); a.field() != "input.until" {
		t.Errorf("too long: %s", a.text)
	}
}
