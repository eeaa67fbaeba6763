package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
	"github.com/karuta-bi/karuta/server"
)

// signedIn is a socket of the holder of the token.
func (h *house) signedIn(token string) *talk {
	h.t.Helper()
	k := h.talk()
	k.say(`{"type":"connection_init","payload":{"token":"` + token + `"}}`)
	if got := k.hear(); got != acknowledged {
		h.t.Fatal(got)
	}
	return k
}

// message is what a socket says of an operation.
type message struct {
	ID      string
	Type    string
	Payload json.RawMessage
}

func (k *talk) subscribe(id, document string) {
	k.t.Helper()
	query, err := json.Marshal(document)
	must(k.t, err)
	k.say(fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":{"query":%s}}`, id, query))
}

// told is the next message that is about an operation.
func (k *talk) told() message {
	k.t.Helper()
	for {
		text := k.hear()
		var m message
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			k.t.Fatal(text)
		}
		if m.ID != "" {
			return m
		}
	}
}

// next is what the next result says at the root field.
func (k *talk) next(field string) map[string]any {
	k.t.Helper()
	m := k.told()
	var result struct {
		Data map[string]map[string]any
	}
	if err := json.Unmarshal(m.Payload, &result); m.Type != "next" || err != nil || result.Data[field] == nil {
		k.t.Fatalf("want a result, got %s %s", m.Type, m.Payload)
	}
	return result.Data[field]
}

// ended wants the end of the operation, after a result with the code.
func (k *talk) ended(code core.Code) {
	k.t.Helper()
	if m := k.told(); m.Type != "next" || !strings.Contains(string(m.Payload), `"`+string(code)+`"`) {
		k.t.Fatalf("want %s, got %s %s", code, m.Type, m.Payload)
	}
	if m := k.told(); m.Type != "complete" {
		k.t.Fatalf("want the end, got %s %s", m.Type, m.Payload)
	}
}

func by(user *core.User) context.Context {
	return core.WithActor(context.Background(), &core.Actor{User: user})
}

// page is a dashboard of an owner's that a viewer sees.
func (h *house) page() (d *core.Dashboard, owner, viewer *core.User, ownerToken, viewerToken string) {
	h.t.Helper()
	ownerID, ownerToken := h.user(core.RoleUser)
	viewerID, viewerToken := h.user(core.RoleUser)
	owner, viewer = &core.User{ID: ownerID}, &core.User{ID: viewerID}
	d = h.Dashboard(owner, nil)
	h.Share(d, viewer, core.PermissionViewer)
	return d, owner, viewer, ownerToken, viewerToken
}

const watchDashboard = `subscription { dashboardChanged(dashboardId: %q%s) { seq kind version } }`

func TestADashboardsChangesAreToldAndResumed(t *testing.T) {
	h := newHouse(t)
	d, owner, _, _, token := h.page()
	k := h.signedIn(token)
	k.subscribe("1", fmt.Sprintf(watchDashboard, d.ID, ""))
	opened := k.next("dashboardChanged")
	if opened["kind"] != "OPENED" || opened["version"] != nil {
		t.Errorf("it begins with %v", opened)
	}
	name := "新しい名前"
	changed, err := h.resolver.Services.Dashboards.Update(by(owner), dashboard.Change{ID: d.ID, Version: d.Version, Name: &name})
	must(t, err)
	updated := k.next("dashboardChanged")
	if updated["kind"] != "UPDATED" || updated["version"] != float64(changed.Version) {
		t.Errorf("the change is told as %v", updated)
	}
	k.say(`{"id":"1","type":"complete"}`)
	_, err = h.resolver.Services.Dashboards.CreateFilterView(by(owner), dashboard.ViewInput{DashboardID: d.ID, Name: "四月", Shared: true})
	must(t, err)
	again := h.signedIn(token)
	again.subscribe("1", fmt.Sprintf(watchDashboard, d.ID, fmt.Sprintf(", after: %.0f", opened["seq"])))
	if got := again.next("dashboardChanged"); got["seq"] != updated["seq"] {
		t.Errorf("resumed with %v, want %v", got, updated)
	}
	if got := again.next("dashboardChanged"); got["kind"] != "FILTER_VIEWS" {
		t.Errorf("what came meanwhile is %v", got)
	}
	again.subscribe("2", fmt.Sprintf(watchDashboard, d.ID, ", after: 1"))
	if m := again.told(); m.Type != "error" || !strings.Contains(string(m.Payload), "EVENTS_GONE") {
		t.Errorf("a tail that is gone: %s %s", m.Type, m.Payload)
	}
}

// A card is told of on the pages that have it as a copy, too.
func TestACopiedCardsChangeIsTold(t *testing.T) {
	h := newHouse(t)
	ownerID, _ := h.user(core.RoleUser)
	viewerID, token := h.user(core.RoleUser)
	owner, viewer := &core.User{ID: ownerID}, &core.User{ID: viewerID}
	c := h.Card(owner, h.Dataset(owner))
	d := h.Dashboard(owner, nil, c)
	h.Share(d, viewer, core.PermissionViewer)
	copied, err := h.resolver.Services.Dashboards.Clone(by(viewer), dashboard.CloneInput{ID: d.ID})
	must(t, err)
	k := h.signedIn(token)
	k.subscribe("1", fmt.Sprintf(`subscription { dashboardChanged(dashboardId: %q) { kind dashboardId cardId } }`, copied.ID))
	k.next("dashboardChanged")
	name := "新しい名前"
	_, err = h.resolver.Services.Cards.Update(by(owner), card.Change{ID: c.ID, Version: c.Version, Name: &name})
	must(t, err)
	if got := k.next("dashboardChanged"); got["kind"] != "CARD" || got["cardId"] != c.ID || got["dashboardId"] != copied.ID {
		t.Errorf("told is %v", got)
	}
}

func TestWhoLosesTheRightIsToldNothingMore(t *testing.T) {
	h := newHouse(t)
	d, owner, viewer, ownerToken, token := h.page()
	k, o := h.signedIn(token), h.signedIn(ownerToken)
	k.subscribe("1", fmt.Sprintf(watchDashboard, d.ID, ""))
	k.next("dashboardChanged")
	o.subscribe("1", fmt.Sprintf(watchDashboard, d.ID, ""))
	o.next("dashboardChanged")
	must(t, h.resolver.Services.Dashboards.DeleteShare(by(owner), core.ShareID(d.ID, core.TargetUser, viewer.ID)))
	k.ended(core.CodeNotFound)
	if got := o.next("dashboardChanged"); got["kind"] != "ACCESS" {
		t.Errorf("the owner is told %v", got)
	}
	must(t, h.resolver.Services.Dashboards.Delete(by(owner), d.ID))
	o.ended(core.CodeNotFound)
}

// A session that is ended closes its socket and says nothing of what ran on it: then
// clients sign in and continue. The same person's other session goes on.
func TestAnEndedSessionEndsNoSubscription(t *testing.T) {
	h := newHouse(t)
	d, owner, viewer, _, token := h.page()
	in, err := h.identity.Mint(core.AsSystem(t.Context(), "test"), viewer.ID)
	must(t, err)
	ended, other := h.signedIn(in.Token), h.signedIn(token)
	for _, k := range []*talk{ended, other} {
		k.subscribe("1", fmt.Sprintf(watchDashboard, d.ID, ""))
		k.next("dashboardChanged")
	}
	h.ask(in.Token, `mutation { logout { loggedOut } }`, nil)
	name := "新しい名前"
	_, err = h.resolver.Services.Dashboards.Update(by(owner), dashboard.Change{ID: d.ID, Version: d.Version, Name: &name})
	must(t, err)
	if got := other.next("dashboardChanged"); got["kind"] != "UPDATED" {
		t.Errorf("the other session is told %v", got)
	}
	if got := ended.hear(); got != "close 4403: session_revoked" {
		t.Errorf("the ended session is told %s", got)
	}
}

func TestANoticeIsToldAtOnceAndToItsReaderAlone(t *testing.T) {
	h := newHouse(t)
	_, owner, viewer, ownerToken, token := h.page()
	k, o := h.signedIn(token), h.signedIn(ownerToken)
	for _, s := range []*talk{k, o} {
		s.subscribe("1", `subscription { serviceNotice { seq kind notice { kind message } } }`)
		if got := s.next("serviceNotice"); got["kind"] != "OPENED" {
			t.Errorf("it begins with %v", got)
		}
	}
	must(t, h.store.Outbox.Add(t.Context(), core.Notice{UserID: viewer.ID, Kind: core.NoticeShared, Message: "for the viewer"}))
	must(t, h.store.Outbox.Add(t.Context(), core.Notice{UserID: owner.ID, Kind: core.NoticeShared, Message: "for the owner"}))
	for s, want := range map[*talk]string{k: "for the viewer", o: "for the owner"} {
		notice, _ := s.next("serviceNotice")["notice"].(map[string]any)
		if notice["message"] != want {
			t.Errorf("told %v, want %s", notice, want)
		}
	}
}

func TestWhoLooksAtADashboardIsTold(t *testing.T) {
	h := newHouse(t)
	d, owner, viewer, ownerToken, token := h.page()
	look := fmt.Sprintf(`subscription { dashboardPresence(dashboardId: %q) { users { id } } }`, d.ID)
	o := h.signedIn(ownerToken)
	o.subscribe("1", look)
	o.sees(owner.ID)
	k := h.signedIn(token)
	k.subscribe("1", look)
	k.sees(owner.ID, viewer.ID)
	o.sees(owner.ID, viewer.ID)
	k.say(`{"id":"1","type":"complete"}`)
	o.sees(owner.ID)
}

// withoutBeats keeps from subscriptions what processes say of themselves now and then, at
// which they would notice whatever they have missed.
func withoutBeats(d *server.Deps) { d.Bus = beatless{d.Bus} }

type beatless struct{ bus.Bus }

func (b beatless) Subscribe(topic string, after int64, deliver func(bus.Event)) (*bus.Subscription, error) {
	return b.Bus.Subscribe(topic, after, func(e bus.Event) {
		if !strings.Contains(string(e.Data), `"beat":true`) {
			deliver(e)
		}
	})
}

func TestWhoMayNotLookAnyMoreIsGoneAtOnce(t *testing.T) {
	h := newHouse(t, withoutBeats)
	d, owner, viewer, ownerToken, token := h.page()
	group, admin := h.Group("営業"), h.Admin("admin")
	memberships := func() {
		_, err := h.store.Groups.AddMember(t.Context(), group.ID, viewer.ID)
		must(t, err)
		h.ShareGroup(d, group, core.PermissionViewer)
	}
	look := fmt.Sprintf(`subscription { dashboardPresence(dashboardId: %q) { users { id } } }`, d.ID)
	o := h.signedIn(ownerToken)
	o.subscribe("1", look)
	for _, c := range []struct {
		may, mayNot func()
	}{
		{func() {}, func() {
			must(t, h.resolver.Services.Dashboards.DeleteShare(by(owner), core.ShareID(d.ID, core.TargetUser, viewer.ID)))
		}},
		{memberships, func() {
			_, err := h.identity.RemoveMember(h.As(admin), group.ID, viewer.ID)
			must(t, err)
		}},
		{func() { _, err := h.identity.AddMember(h.As(admin), group.ID, viewer.ID); must(t, err) }, func() {
			_, err := h.identity.DeleteGroup(h.As(admin), group.ID, false)
			must(t, err)
		}},
	} {
		c.may()
		k := h.signedIn(token)
		k.subscribe("1", look)
		k.sees(owner.ID, viewer.ID)
		o.sees(owner.ID, viewer.ID)
		c.mayNot()
		k.loses(core.CodeNotFound)
		o.sees(owner.ID)
	}
}

// loses waits for the end of what is watched, with the code.
func (k *talk) loses(code core.Code) {
	k.t.Helper()
	for m := k.told(); m.Type != "complete"; m = k.told() {
		if strings.Contains(string(m.Payload), `"errors"`) && !strings.Contains(string(m.Payload), `"`+string(code)+`"`) {
			k.t.Errorf("want %s, got %s", code, m.Payload)
		}
	}
}

// sees waits until exactly these people are told.
func (k *talk) sees(ids ...string) {
	k.t.Helper()
	for {
		users, _ := k.next("dashboardPresence")["users"].([]any)
		text := fmt.Sprint(users)
		there := 0
		for _, id := range ids {
			if strings.Contains(text, id) {
				there++
			}
		}
		if there == len(ids) && len(users) == there {
			return
		}
	}
}

func TestAnEndedSessionClosesItsSocketAtOnce(t *testing.T) {
	h := newHouse(t)
	id, token := h.user(core.RoleUser)
	k := h.signedIn(token)
	k.subscribe("1", `subscription { serviceNotice { seq kind } }`)
	k.next("serviceNotice")
	began := time.Now()
	ctx := core.WithActor(context.Background(), &core.Actor{User: &core.User{ID: id}, SessionID: h.session(id)})
	must(t, h.identity.Logout(ctx))
	for {
		_, _, err := k.ws.ReadMessage()
		if err == nil {
			continue
		}
		if !websocket.IsCloseError(err, 4403) {
			t.Errorf("closed with %v", err)
		}
		break
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}

// What is the same for all is run once; each is asked for all the same.
func TestManyWatchersShareOneRun(t *testing.T) {
	h := newHouse(t)
	d, owner, _, ownerToken, token := h.page()
	var all []*talk
	for i := range 6 {
		k := h.signedIn([]string{token, ownerToken}[i%2])
		k.subscribe("1", fmt.Sprintf(watchDashboard, d.ID, ""))
		k.next("dashboardChanged")
		all = append(all, k)
	}
	if n := h.groups(); n != 1 {
		t.Errorf("%d groups", n)
	}
	name := "x"
	_, err := h.resolver.Services.Dashboards.Update(by(owner), dashboard.Change{ID: d.ID, Version: d.Version, Name: &name})
	must(t, err)
	seqs := map[any]bool{}
	for _, k := range all {
		got := k.next("dashboardChanged")
		seqs[got["seq"]] = true
	}
	if len(seqs) != 1 {
		t.Errorf("one change has the numbers %v", seqs)
	}
	readers := all[0]
	readers.subscribe("2", fmt.Sprintf(`subscription { dashboardChanged(dashboardId: %q) { by { name } } }`, d.ID))
	readers.next("dashboardChanged")
	if n := h.groups(); n != 2 {
		t.Errorf("%d groups with one whose answer is a reader's own", n)
	}
}

func (h *house) groups() int { return h.handler.(*server.Handler).Groups() }
