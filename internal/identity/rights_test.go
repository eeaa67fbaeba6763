package identity

import (
	"context"
	"crypto/rand"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

// asked is a method of the service with who may call it.
type asked struct {
	call                                         func(context.Context) error
	anonymous, stranger, member, admin, operator core.Code
}

// away is an issuer that does not answer.
func away(context.Context) (*core.Claims, error) {
	return nil, &core.Error{Code: core.CodeUnavailable}
}

// GRP-1 and every other door: each method for each kind of caller.
func TestWhoMayDoWhat(t *testing.T) {
	w := newWorld(t)
	g, err := w.CreateGroup(w.As(w.admin), "営業")
	w.must(err)
	other := w.account("other")
	stranger, member := w.account("stranger"), w.account("member")
	_, err = w.AddMember(w.As(w.admin), g.ID, member.ID)
	w.must(err)
	member, err = w.Store.Users.Get(t.Context(), member.ID)
	w.must(err)
	const no, wrong, gone = core.CodeForbidden, core.CodeValidation, core.CodeNotFound
	door := func(call func(context.Context) error, stranger, member, admin, operator core.Code) asked {
		return asked{call, core.CodeUnauthorized, stranger, member, admin, operator}
	}
	p := core.PageArgs{First: 10}
	// The calls of the administrators' verbs are wrong on purpose, so that nothing changes.
	doors := map[string]asked{
		"CreateUser":        door(func(c context.Context) error { _, err := w.CreateUser(c, NewUser{}); return err }, no, no, wrong, wrong),
		"SetRole":           door(func(c context.Context) error { _, err := w.SetRole(c, other.ID, "ROOT"); return err }, no, no, wrong, wrong),
		"TransferOwnership": door(func(c context.Context) error { return w.TransferOwnership(c, Transfer{ID: core.NewID(core.NounCard)}) }, gone, gone, gone, gone),
		"Depart":            door(func(c context.Context) error { _, err := w.Depart(c, Departure{UserID: "x"}); return err }, no, no, wrong, wrong),
		"Owned":             door(func(c context.Context) error { _, err := w.Owned(c, other.ID); return err }, no, no, "", ""),
		"Deactivate":        door(func(c context.Context) error { _, err := w.Deactivate(c, "x"); return err }, no, no, wrong, wrong),
		"ResetPassword":     door(func(c context.Context) error { _, err := w.ResetPassword(c, other.ID, "x"); return err }, no, no, wrong, wrong),
		"RevokeSessions": door(func(c context.Context) error {
			_, err := w.RevokeSessions(c, Revocation{UserID: &other.ID})
			return err
		}, no, no, "", ""),
		"Account":        door(func(c context.Context) error { _, err := w.Account(c, other.ID); return err }, no, no, "", ""),
		"CreateGroup":    door(func(c context.Context) error { _, err := w.CreateGroup(c, ""); return err }, no, no, wrong, wrong),
		"UpdateGroup":    door(func(c context.Context) error { _, err := w.UpdateGroup(c, g.ID, 1, ""); return err }, no, no, wrong, wrong),
		"SetGroupClaim":  door(func(c context.Context) error { _, err := w.SetGroupClaim(c, g.ID, 0, nil); return err }, no, no, wrong, wrong),
		"DeleteGroup":    door(func(c context.Context) error { _, err := w.DeleteGroup(c, "x", false); return err }, no, no, wrong, wrong),
		"SweepGroups":    door(func(c context.Context) error { return w.SweepGroups(c) }, no, no, "", ""),
		"AddMember":      door(func(c context.Context) error { _, err := w.AddMember(c, g.ID, "x"); return err }, no, no, wrong, wrong),
		"RemoveMember":   door(func(c context.Context) error { _, err := w.RemoveMember(c, g.ID, "x"); return err }, no, no, wrong, wrong),
		"AllUsers":       door(func(c context.Context) error { _, err := w.AllUsers(c, p); return err }, no, no, "", ""),
		"UserByEmail":    door(func(c context.Context) error { _, err := w.UserByEmail(c, other.Email); return err }, no, no, "", ""),
		"ViewAs":         door(func(c context.Context) error { _, err := w.ViewAs(c, "x"); return err }, no, no, wrong, wrong),
		"ChangePassword": door(func(c context.Context) error { _, err := w.ChangePassword(c, "", "x"); return err }, wrong, wrong, wrong, no),
		"Users":          door(func(c context.Context) error { _, err := w.Users(c, "a", p); return err }, "", "", "", ""),
		"Unlink":         door(func(c context.Context) error { _, err := w.Unlink(c, Unlinking{UserID: other.ID}); return err }, no, no, "", ""),
		"IssuerLinks":    door(func(c context.Context) error { _, err := w.IssuerLinks(c, []string{other.ID}); return err }, "", "", "", ""),
		"UsersByID":      door(func(c context.Context) error { _, err := w.UsersByID(c, []string{other.ID}); return err }, "", "", "", ""),
		"Groups":         door(func(c context.Context) error { _, err := w.Groups(c, p); return err }, "", "", "", ""),
		"GroupsByID":     door(func(c context.Context) error { _, err := w.GroupsByID(c, []string{g.ID}); return err }, "", "", "", ""),
		"Group":          door(func(c context.Context) error { _, err := w.Service.Group(c, g.ID); return err }, gone, "", "", ""),
		"Members":        door(func(c context.Context) error { _, err := w.Members(c, g.ID, p); return err }, gone, "", "", ""),
		"Notices":        door(func(c context.Context) error { _, err := w.Notices(c, true, p); return err }, "", "", "", ""),
		"NoticeTopics":   door(func(c context.Context) error { _, err := w.NoticeTopics(c); return err }, "", "", "", ""),
		"Announcements":  door(func(c context.Context) error { _, err := w.Announcements(c); return err }, "", "", "", ""),
		"Announcement": door(func(c context.Context) error {
			_, err := w.Announcement(c, core.NewID(core.NounAnnouncement))
			return err
		}, gone, gone, gone, gone),
		"Announce": door(func(c context.Context) error { _, err := w.Announce(c, NewAnnouncement{}); return err }, no, no, wrong, wrong),
		"WithdrawAnnouncement": door(func(c context.Context) error {
			return w.WithdrawAnnouncement(c, core.NewID(core.NounAnnouncement))
		}, no, no, gone, gone),
		"Notice":             door(func(c context.Context) error { _, err := w.Notice(c, core.NewID(core.NounNotice)); return err }, gone, gone, gone, gone),
		"MarkNoticesRead":    door(func(c context.Context) error { return w.MarkNoticesRead(c, []string{core.NewID(core.NounNotice)}) }, gone, gone, gone, gone),
		"MarkAllNoticesRead": door(func(c context.Context) error { return w.MarkAllNoticesRead(c) }, "", "", "", ""),
		"Logout":             door(func(c context.Context) error { return w.Logout(c) }, "", "", "", ""),
		"Mint":               {func(c context.Context) error { _, err := w.Mint(c, other.ID); return err }, no, no, no, no, ""},
		"SetPIIAccess":       door(func(c context.Context) error { _, err := w.SetPIIAccess(c, "x", true); return err }, no, no, wrong, wrong),
		"UpdateProfile":      door(func(c context.Context) error { _, err := w.UpdateProfile(c, Profile{Name: new(string)}); return err }, wrong, wrong, wrong, no),
		"SetAttributes": door(func(c context.Context) error {
			_, err := w.SetAttributes(c, other.ID, []core.Attribute{{}})
			return err
		}, no, no, wrong, wrong),
		"CreateAPIKey":    door(func(c context.Context) error { _, err := w.CreateAPIKey(c, NewAPIKey{}); return err }, wrong, wrong, wrong, no),
		"CreateAPIKeyFor": door(func(c context.Context) error { _, err := w.CreateAPIKeyFor(c, "x", NewAPIKey{}); return err }, no, no, no, wrong),
		"APIKeysOf":       door(func(c context.Context) error { _, err := w.APIKeysOf(c, other.ID, p); return err }, no, no, "", ""),
		"APIKeys":         door(func(c context.Context) error { _, err := w.APIKeys(c, true, p); return err }, no, no, "", ""),
		"APIKey":          door(func(c context.Context) error { _, err := w.APIKey(c, core.NewID(core.NounAPIKey)); return err }, gone, gone, gone, gone),
		"APIKeyAgain":     door(func(c context.Context) error { _, err := w.APIKeyAgain(c, core.NewID(core.NounAPIKey)); return err }, gone, gone, gone, gone),
		"RevokeAPIKey":    door(func(c context.Context) error { _, err := w.RevokeAPIKey(c, core.NewID(core.NounAPIKey)); return err }, gone, gone, gone, gone),
		"Sessions":        door(func(c context.Context) error { _, err := w.Sessions(c); return err }, "", "", "", ""),
		"Session":         door(func(c context.Context) error { _, err := w.Session(c, core.NewID(core.NounSession)); return err }, gone, gone, gone, gone),
		"WhyCanAccess":    door(func(c context.Context) error { _, err := w.WhyCanAccess(c, other.ID, g.ID); return err }, gone, no, "", ""),
		// For everybody.
		"Login":           {func(c context.Context) error { _, err := w.Login(c, "", ""); return err }, wrong, wrong, wrong, wrong, wrong},
		"LoginExternal":   {func(c context.Context) error { _, err := w.LoginExternal(c, rand.Text(), away); return err }, core.CodeUnavailable, core.CodeUnavailable, core.CodeUnavailable, core.CodeUnavailable, core.CodeUnavailable},
		"Authenticate":    {func(c context.Context) error { _, _, err := w.Authenticate(c, "x"); return err }, core.CodeInvalidToken, core.CodeInvalidToken, core.CodeInvalidToken, core.CodeInvalidToken, core.CodeInvalidToken},
		"AuthenticateKey": {func(c context.Context) error { _, _, err := w.AuthenticateKey(c, "x"); return err }, core.CodeInvalidToken, core.CodeInvalidToken, core.CodeInvalidToken, core.CodeInvalidToken, core.CodeInvalidToken},
		"Resume":          {func(c context.Context) error { _, err := w.Resume(c, core.SignIn{UserID: other.ID}); return err }, core.CodeInvalidToken, core.CodeInvalidToken, core.CodeInvalidToken, core.CodeInvalidToken, core.CodeInvalidToken},
		"KeyID":           {call: func(context.Context) error { return nil }},
	}
	methods := []string{}
	for i := range reflect.TypeFor[*Service]().NumMethod() {
		methods = append(methods, reflect.TypeFor[*Service]().Method(i).Name)
	}
	if named := slices.Sorted(maps.Keys(doors)); !slices.Equal(named, methods) {
		t.Fatalf("the table names %v, the service has %v", named, methods)
	}
	for name, d := range doors {
		accesstest.Code(t, name+" by nobody", d.call(t.Context()), d.anonymous)
		accesstest.Code(t, name+" by a stranger", d.call(w.As(stranger)), d.stranger)
		accesstest.Code(t, name+" by a member", d.call(w.As(member)), d.member)
		accesstest.Code(t, name+" by an administrator", d.call(w.As(w.admin)), d.admin)
		accesstest.Code(t, name+" by the operator", d.call(core.AsSystem(t.Context(), "operator")), d.operator)
	}
}

// A batch gives the groups one may view and no other.
func TestGroupsByIDHidesWhatMayNotBeSeen(t *testing.T) {
	w := newWorld(t)
	ids := []string{core.NewID(core.NounGroup)} // is not there
	for _, name := range []string{"営業", "人事"} {
		g, err := w.CreateGroup(w.As(w.admin), name)
		w.must(err)
		ids = append(ids, g.ID)
	}
	member := w.User("member", &core.Group{ID: ids[1]})
	for who, want := range map[*core.User]int{member: 1, w.User("stranger"): 0, w.admin: 2} {
		got, err := w.GroupsByID(w.As(who), append(ids, ids...))
		if err != nil || len(got) != want || want == 1 && got[ids[1]] == nil {
			t.Errorf("%s gets %v, %v", who.Email, got, err)
		}
	}
}

// A refusal is on record, once for many of the same.
func TestRefusalsAreRecorded(t *testing.T) {
	w := newWorld(t)
	g, err := w.CreateGroup(w.As(w.admin), "営業")
	w.must(err)
	u := w.account("hanako")
	for range 3 {
		_, err := w.CreateGroup(w.As(u), "another")
		accesstest.Code(t, "create", err, core.CodeForbidden, "admin_only")
		_, err = w.Service.Group(w.As(u), g.ID)
		accesstest.Code(t, "view", err, core.CodeNotFound)
	}
	wanted := map[string]string{}
	for _, ev := range w.Events(core.EventAccessDenied) {
		if ev.UserID != u.ID || ev.Outcome != core.OutcomeDenied {
			t.Errorf("recorded %+v", ev)
		}
		wanted[ev.Details["wanted"]] += ev.TargetID
	}
	if len(wanted) != 2 || wanted["ADMIN"] != "" || wanted["VIEW"] != g.ID {
		t.Errorf("recorded %v", wanted)
	}
}
