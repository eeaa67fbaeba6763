package identity

import (
	"maps"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// AU-2, AU-4: what is recorded of each act, by whom and on whom.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	by := w.As(w.admin)
	u := w.account("hanako")
	g, err := w.CreateGroup(by, "営業")
	w.must(err)
	_, err = w.AddMember(by, g.ID, u.ID)
	w.must(err)
	_, err = w.RemoveMember(by, g.ID, u.ID)
	w.must(err)
	_, err = w.SetRole(by, u.ID, core.RoleAdmin)
	w.must(err)
	in := w.signedIn(u.Email)
	lost := w.signedIn(u.Email)
	_, err = w.RevokeSessions(w.within(in.Token), Revocation{SessionID: &lost.SessionID, Reason: "lost"})
	w.must(err)
	_, err = w.ChangePassword(w.within(in.Token), goodPassword, "Akai-hana-22")
	w.must(err)
	w.must(w.Logout(w.within(in.Token)))
	_, err = w.ResetPassword(by, u.ID, goodPassword)
	w.must(err)
	_, err = w.Deactivate(by, u.ID)
	w.must(err)
	for kind, want := range map[core.EventType]core.AuditEvent{
		core.EventUserCreated:        {UserID: w.admin.ID, TargetType: "user", TargetID: u.ID, Details: map[string]string{"email": "h***@example.com", "role": "USER"}},
		core.EventGroupCreated:       {UserID: w.admin.ID, TargetType: "group", TargetID: g.ID, Details: map[string]string{"group": "営業"}},
		core.EventGroupMemberAdded:   {UserID: w.admin.ID, TargetType: "group", TargetID: g.ID, Details: map[string]string{"user": u.ID}},
		core.EventGroupMemberRemoved: {UserID: w.admin.ID, TargetType: "group", TargetID: g.ID, Details: map[string]string{"user": u.ID}},
		core.EventRoleChanged:        {UserID: w.admin.ID, TargetType: "user", TargetID: u.ID, Details: map[string]string{"from": "USER", "to": "ADMIN"}},
		core.EventPasswordChanged:    {UserID: u.ID, TargetType: "user", TargetID: u.ID, SessionID: in.SessionID, ActorIP: "192.0.2.8", RequestID: "request-8", Agent: "curl/9"},
		core.EventSessionRevoked:     {UserID: u.ID, TargetType: "user", TargetID: u.ID, SessionID: in.SessionID, Details: map[string]string{"session": lost.SessionID, "sessions": "1", "reason": "lost"}},
		core.EventLogout:             {UserID: u.ID, TargetType: "user", TargetID: u.ID, SessionID: in.SessionID},
		core.EventPasswordReset:      {UserID: w.admin.ID, TargetType: "user", TargetID: u.ID},
		core.EventUserDeactivated:    {UserID: w.admin.ID, TargetType: "user", TargetID: u.ID},
	} {
		evs := w.Events(kind)
		if len(evs) != 1 {
			t.Errorf("%s: recorded %d times", kind, len(evs))
			continue
		}
		got := evs[0]
		if got.UserID != want.UserID || got.TargetType != want.TargetType || got.TargetID != want.TargetID || !maps.Equal(got.Details, want.Details) || got.Outcome != core.OutcomeSuccess {
			t.Errorf("%s: %+v", kind, got)
		}
		if got.SessionID != want.SessionID || want.ActorIP != "" && (got.ActorIP != want.ActorIP || got.RequestID != want.RequestID || got.Agent != want.Agent) {
			t.Errorf("%s: from %+v", kind, got)
		}
	}
	logins := w.Events(core.EventLogin)
	if len(logins) != 2 || logins[0].UserID != u.ID || logins[0].SessionID == "" || logins[0].SessionID == logins[1].SessionID || logins[0].ActorIP != "192.0.2.7" {
		t.Errorf("logins %+v", logins)
	}
}
