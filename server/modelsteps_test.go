package server_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// modelWorld is a server and the model, which go through the same steps.
type modelWorld struct {
	naive
	h    *house
	rnd  *rand.Rand
	log  []string // the steps
	kept int      // answers that were given again
}

// Worlds that once told server and model apart, or that reach far.
var modelSeeds = []uint64{1, 2, 3}

// Every decision of the server agrees with the model's through random worlds:
// people, groups, shares that end, clones of clones, transfers, administrators
// who come and go, accounts that are locked (SH-1..9, GRP-3, DB-3, PRM-5).
func TestModel(t *testing.T) {
	seeds, steps := modelSeeds, 120
	if os.Getenv("KARUTA_LONG") != "" {
		steps = 1500
		for range 5 {
			seeds = append(seeds, rand.Uint64())
		}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := newModelWorld(t, seed)
			for i := 0; i < steps && !t.Failed(); i++ {
				w.step(t)
				w.look(t, pick(w.rnd, w.people))
				if i%10 == 0 {
					w.explain(t, pick(w.rnd, w.people))
				}
			}
			for _, u := range w.people {
				w.look(t, u)
				w.explain(t, u)
			}
			if w.kept == 0 {
				t.Error("no answer was given again")
			}
			if t.Failed() {
				t.Logf("the steps:\n%s", strings.Join(w.log, "\n"))
			}
		})
	}
}

func newModelWorld(t *testing.T, seed uint64) *modelWorld {
	t.Helper()
	h := openHouse(t, site{file: t.TempDir() + "/karuta.db", blobs: accesstest.NewBlobs(), executor: obliging(t).Client()})
	w := &modelWorld{h: h, rnd: rand.New(rand.NewPCG(seed, seed))}
	for i := range 7 {
		u := &person{name: fmt.Sprint("p", i), admin: i == 0, in: map[*crowd]bool{}}
		role := core.RoleUser
		if u.admin {
			role = core.RoleAdmin
		}
		u.id, u.token = h.user(role)
		w.people = append(w.people, u)
	}
	for i := 1; i < 4; i++ {
		w.settle(t, w.people[i])
	}
	return w
}

// settle gives a person a dataset with a card on a dashboard that two others see.
func (w *modelWorld) settle(t *testing.T, u *person) {
	t.Helper()
	stored := w.h.Dataset(&core.User{ID: u.id}, columns()...)
	d := &data{id: stored.ID, owner: u}
	c := &piece{id: w.h.Card(&core.User{ID: u.id}, stored).ID, owner: u, data: d}
	w.data, w.pieces = append(w.data, d), append(w.pieces, c)
	w.newBoard(t, u)
	b := w.boards[len(w.boards)-1]
	w.place(t, u, b, c)
	for _, guest := range w.people[4:6] {
		w.share(t, u, b, guest.id, viewing)
	}
}

func pick[T any](rnd *rand.Rand, list []T) T { return list[rnd.IntN(len(list))] }

// step does one random thing on both sides.
func (w *modelWorld) step(t *testing.T) {
	t.Helper()
	u := pick(w.rnd, w.people)
	b := w.board(func(b *board) bool { return !b.gone })
	switch w.rnd.IntN(25) {
	case 0:
		w.newBoard(t, u)
	case 1:
		w.newCard(t, u, pick(w.rnd, w.data))
	case 2, 3, 4:
		w.place(t, w.likely(u, b), b, w.piece(w.likely(u, b)))
	case 5, 24:
		w.unplace(t, w.likely(u, b), b)
	case 6, 7, 8:
		w.share(t, w.likely(u, b), b, w.target(), 1+w.rnd.IntN(3))
	case 9, 22:
		w.unshare(t, w.likely(u, b), b)
	case 10:
		w.expire(t, b)
	case 11:
		w.newCrowd(t, w.admin(u))
	case 12, 13:
		w.join(t, w.admin(u))
	case 14:
		w.dissolve(t, w.admin(u))
	case 15, 16, 23:
		w.clone(t, u, w.board(func(b *board) bool { return w.opens(u, b) }))
	case 17:
		w.transfer(t, w.likely(u, b), b, pick(w.rnd, w.people))
	case 18:
		w.promote(t, w.admin(u))
	case 19:
		w.remove(t, u, b)
	case 20:
		w.give(t, u, pick(w.rnd, w.people))
	case 21:
		w.request(t, u, b)
	}
}

// board is most often one that fits.
func (w *modelWorld) board(fits func(*board) bool) *board {
	b := pick(w.rnd, w.boards)
	for i := 0; i < 5 && !fits(b); i++ {
		b = pick(w.rnd, w.boards)
	}
	return b
}

// piece is most often one that the person may pass on.
func (w *modelWorld) piece(u *person) *piece {
	c := pick(w.rnd, w.pieces)
	for i := 0; i < 5 && (c.gone || !u.own(c)); i++ {
		c = pick(w.rnd, w.pieces)
	}
	return c
}

// likely is most often somebody who may change the dashboard.
func (w *modelWorld) likely(u *person, b *board) *person {
	if w.rnd.IntN(4) > 0 {
		return b.owner
	}
	return u
}

func (w *modelWorld) admin(u *person) *person {
	if w.rnd.IntN(4) > 0 {
		return w.people[0]
	}
	return u
}

// target is the id of a person or a group.
func (w *modelWorld) target() string {
	if len(w.crowds) > 0 && w.rnd.IntN(2) == 0 {
		return pick(w.rnd, w.crowds).id
	}
	return pick(w.rnd, w.people).id
}

// do asks as a person and wants the answer that the model gives: "" is done.
func (w *modelWorld) do(t *testing.T, u *person, want core.Code, document string, args ...any) *answered {
	t.Helper()
	document = fmt.Sprintf("mutation { "+document+" }", args...)
	if u.gone {
		want = core.CodeUnauthorized
	}
	w.log = append(w.log, fmt.Sprintf("%s: %s → %s", u.name, document, want))
	a := w.h.ask(u.token, document, nil)
	if a.code() != string(want) {
		t.Fatalf("%s: %s\nanswers %.600s\nthe model says %q\n%s", u.name, document, a.text, want, strings.Join(w.log, "\n"))
	}
	return a
}

// text reads a part of an answer by its path.
func (a *answered) at(path string) string {
	value := any(a.Data)
	for name := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return fmt.Sprint(value)
}

// told is what was done to the things that a question names.
func (w *modelWorld) told(question string) string {
	var lines []string
	for _, line := range w.log {
		for _, word := range strings.Split(question, `"`) {
			if strings.Contains(word, "_") && strings.Contains(line, word) {
				lines = append(lines, line)
			}
		}
	}
	return strings.Join(lines, "\n")
}

func (w *modelWorld) newBoard(t *testing.T, u *person) {
	t.Helper()
	a := w.do(t, u, "", `createDashboard(input: {name: "x"}) { dashboard { id } }`)
	if !u.gone {
		w.boards = append(w.boards, &board{id: a.at("createDashboard.dashboard.id"), owner: u, version: 1, shares: map[string]*grant{}})
	}
}

func (w *modelWorld) newCard(t *testing.T, u *person, d *data) {
	t.Helper()
	var want core.Code
	if !u.admin && d.owner != u {
		want = w.refusal(w.seesData(u, d))
	}
	a := w.do(t, u, want, `createCard(input: {name: "x", datasetId: %q, code: "x"}) { card { id } }`, d.id)
	if a.code() == "" {
		w.pieces = append(w.pieces, &piece{id: a.at("createCard.card.id"), owner: u, data: d})
	}
}

// refusal is how somebody is refused who may see the thing, or may not.
func (w *modelWorld) refusal(seen bool) core.Code {
	if seen {
		return core.CodeForbidden
	}
	return core.CodeNotFound
}

// edits is how an edit of a dashboard is refused.
func (w *modelWorld) edits(u *person, b *board) core.Code {
	if w.level(u, b) >= editing {
		return ""
	}
	return w.refusal(w.opens(u, b))
}

func (w *modelWorld) layout(t *testing.T, u *person, b *board, want core.Code, places []*place) bool {
	t.Helper()
	cards := make([]string, len(places))
	for i, p := range places {
		cards[i] = fmt.Sprintf(`{cardId: %q, x: 0, y: %d, w: 1, h: 1}`, p.card.id, i)
	}
	a := w.do(t, u, want, `updateDashboard(input: {id: %q, version: %d, layout: {cards: [%s]}}) { dashboard { version } }`,
		b.id, b.version, strings.Join(cards, ", "))
	if a.code() != "" {
		return false
	}
	b.version, b.places = b.version+1, places
	return true
}

func (w *modelWorld) place(t *testing.T, u *person, b *board, c *piece) {
	t.Helper()
	want := w.edits(u, b)
	places := slices.Clone(b.places)
	if b.at(c) == nil {
		if places = append(places, &place{card: c}); want == "" && c.gone {
			want = core.CodeNotFound
		} else if want == "" && !u.own(c) {
			want = w.refusal(w.seesCard(u, c))
			if u.admin || c.owner == u { // the card is theirs, its data is not
				want = w.refusal(w.seesData(u, c.data))
			}
		}
	}
	if len(places) <= core.MaxDashboardCards {
		w.layout(t, u, b, want, places)
	}
}

func (w *modelWorld) unplace(t *testing.T, u *person, b *board) {
	t.Helper()
	if len(b.places) > 0 {
		at := w.rnd.IntN(len(b.places))
		w.layout(t, u, b, w.edits(u, b), slices.Delete(slices.Clone(b.places), at, at+1))
	}
}

// sharing is how a change of shares is refused: whoever may not is told so,
// whether they see the dashboard or not.
func (w *modelWorld) sharing(u *person, b *board) core.Code {
	switch {
	case b.gone:
		return core.CodeNotFound
	case !w.manages(u, b):
		return core.CodeForbidden
	}
	return ""
}

func (w *modelWorld) share(t *testing.T, u *person, b *board, target string, level int) {
	t.Helper()
	want := w.sharing(u, b)
	if held := b.shares[target]; want == "" {
		if want = w.unfit(b, target); want == "" && held != nil && !held.over {
			want = core.CodeDuplicate
		}
	}
	kind := "USER"
	if strings.HasPrefix(target, "grp_") {
		kind = "GROUP"
	}
	a := w.do(t, u, want, `createShare(input: {dashboardId: %q, target: {type: %s, id: %q}, permission: %s}) { share { id } }`, b.id, kind, target, levelNames[level])
	switch a.code() {
	case "":
		b.shares[target] = &grant{level: level}
	case string(core.CodeDuplicate):
		id := fmt.Sprint(a.Errors[0].Extensions["shareId"])
		w.do(t, u, "", `updateShare(input: {id: %q, permission: %s}) { share { id } }`, id, levelNames[level])
		b.shares[target].level = level
	}
}

// unfit tells why nothing can be shared with the target.
func (w *modelWorld) unfit(b *board, target string) core.Code {
	for _, p := range w.people {
		if p.id == target && (p.gone || b.owner == p) {
			return core.CodeValidation
		}
	}
	for _, c := range w.crowds {
		if c.id == target && c.gone {
			return core.CodeNotFound
		}
	}
	return ""
}

// anyShare is one of the shares of a dashboard, in an order of its own.
func (w *modelWorld) anyShare(b *board) (target string, found bool) {
	targets := []string{}
	for id := range b.shares {
		targets = append(targets, id)
	}
	if len(targets) == 0 {
		return "", false
	}
	slices.Sort(targets)
	return pick(w.rnd, targets), true
}

func shareIn(b *board, target string) string {
	kind := core.TargetUser
	if strings.HasPrefix(target, "grp_") {
		kind = core.TargetGroup
	}
	return core.ShareID(b.id, kind, target)
}

func (w *modelWorld) unshare(t *testing.T, u *person, b *board) {
	t.Helper()
	target, found := w.anyShare(b)
	if !found {
		return
	}
	if a := w.do(t, u, w.sharing(u, b), `deleteShare(input: {id: %q}) { deletedId }`, shareIn(b, target)); a.code() == "" {
		delete(b.shares, target)
	}
}

// expire lets the time of a share pass.
func (w *modelWorld) expire(t *testing.T, b *board) {
	t.Helper()
	target, found := w.anyShare(b)
	if !found || b.gone {
		return
	}
	_, kind, _, _ := core.ParseShareID(shareIn(b, target))
	_, err := w.h.store.Shares.Edit(t.Context(), b.id, kind, target, "test", func(s *core.Share) error {
		s.ExpiresAt = store.Now()
		return nil
	})
	must(t, err)
	b.shares[target].over = true
	w.log = append(w.log, "the share of "+b.id+" with "+target+" ends")
}

func (w *modelWorld) newCrowd(t *testing.T, u *person) {
	t.Helper()
	name := fmt.Sprint("group ", len(w.log))
	a := w.do(t, u, w.administers(u), `createGroup(input: {name: %q}) { group { id } }`, name)
	if a.code() == "" {
		w.crowds = append(w.crowds, &crowd{id: a.at("createGroup.group.id"), name: name})
	}
}

func (w *modelWorld) administers(u *person) core.Code {
	if u.admin {
		return ""
	}
	return core.CodeForbidden
}

// join puts somebody into a group, or takes them out of it.
func (w *modelWorld) join(t *testing.T, u *person) {
	t.Helper()
	if len(w.crowds) == 0 {
		return
	}
	c, member := pick(w.rnd, w.crowds), pick(w.rnd, w.people)
	want, verb := w.administers(u), "addGroupMember"
	if member.in[c] {
		verb = "removeGroupMember"
	}
	if want == "" && c.gone {
		want = core.CodeNotFound
	} else if want == "" && member.gone && verb == "addGroupMember" {
		want = core.CodeValidation
	}
	if a := w.do(t, u, want, `%s(input: {groupId: %q, userId: %q}) { group { id } }`, verb, c.id, member.id); a.code() != "" {
		return
	}
	if member.in[c] {
		delete(member.in, c)
	} else {
		member.in[c] = true
	}
}

func (w *modelWorld) dissolve(t *testing.T, u *person) {
	t.Helper()
	if len(w.crowds) == 0 {
		return
	}
	c := pick(w.rnd, w.crowds)
	want := w.administers(u)
	if want == "" && c.gone {
		want = core.CodeNotFound
	}
	w.do(t, u, want, `deleteGroup(input: {id: %q, dryRun: true}) { memberCount }`, c.id)
	if a := w.do(t, u, want, `deleteGroup(input: {id: %q}) { deletedId }`, c.id); a.code() != "" {
		return
	}
	c.gone = true
	for _, p := range w.people {
		delete(p.in, c)
	}
	for _, b := range w.boards {
		delete(b.shares, c.id)
	}
}

func (w *modelWorld) clone(t *testing.T, u *person, b *board) {
	t.Helper()
	var want core.Code
	if !w.opens(u, b) {
		want = core.CodeNotFound
	}
	copied := &board{owner: u, version: 1, shares: map[string]*grant{}}
	for _, p := range b.places {
		q := &place{card: p.card}
		if !u.own(p.card) {
			q.from = append([]*board{b}, p.from...)
		}
		if copied.places = append(copied.places, q); want == "" && len(q.from) > core.MaxGrants {
			want = core.CodeValidation
		}
	}
	if a := w.do(t, u, want, `cloneDashboard(input: {id: %q}) { dashboard { id version } }`, b.id); a.code() == "" {
		copied.id = a.at("cloneDashboard.dashboard.id")
		_, err := fmt.Sscan(a.at("cloneDashboard.dashboard.version"), &copied.version)
		must(t, err)
		w.boards = append(w.boards, copied)
		w.share(t, u, copied, pick(w.rnd, w.people).id, viewing) // whom the original's owner may not know
	}
}

func (w *modelWorld) transfer(t *testing.T, u *person, b *board, to *person) {
	t.Helper()
	var want core.Code
	switch {
	case !w.opens(u, b):
		want = core.CodeNotFound
	case !u.admin && b.owner != u:
		want = core.CodeForbidden
	case to.gone || to == b.owner:
		want = core.CodeValidation
	}
	if a := w.do(t, u, want, `transferOwnership(input: {id: %q, toUserId: %q, version: %d}) { transferredId }`, b.id, to.id, b.version); a.code() == "" {
		b.owner, b.version = to, b.version+1
		delete(b.shares, to.id)
	}
}

// give hands a card or a dataset to a new owner.
func (w *modelWorld) give(t *testing.T, u, to *person) {
	t.Helper()
	if w.rnd.IntN(2) == 0 {
		d := pick(w.rnd, w.data)
		if w.handOver(t, u, to, "dataset", d.id, d.owner, w.seesData(u, d)) {
			d.owner = to
		}
		return
	}
	if c := pick(w.rnd, w.pieces); !c.gone && w.handOver(t, u, to, "card", c.id, c.owner, w.seesCard(u, c)) {
		c.owner = to
	}
}

func (w *modelWorld) handOver(t *testing.T, u, to *person, noun, id string, owner *person, seen bool) (done bool) {
	t.Helper()
	var want core.Code
	switch {
	case !seen:
		want = core.CodeNotFound
	case !u.admin && owner != u:
		want = core.CodeForbidden
	case to.gone || to == owner:
		want = core.CodeValidation
	}
	version := w.h.ask(w.people[0].token, fmt.Sprintf(`{ %s(id: %q) { version } }`, noun, id), nil).at(noun + ".version")
	return w.do(t, u, want, `transferOwnership(input: {id: %q, toUserId: %q, version: %s}) { transferredId }`, id, to.id, version).code() == ""
}

// request asks for access in somebody's name and lets the owner answer.
func (w *modelWorld) request(t *testing.T, u *person, b *board) {
	t.Helper()
	if u.gone || b.gone || b.owner.gone {
		return
	}
	held := b.shares[u.id]
	if w.opens(u, b) {
		w.do(t, u, core.CodeValidation, `requestAccess(input: {dashboardId: %q, permission: VIEWER}) { requested }`, b.id)
		return
	}
	w.do(t, u, "", `requestAccess(input: {dashboardId: %q, permission: VIEWER}) { requested }`, b.id)
	a := w.h.ask(b.owner.token, `{ dashboard(id: "`+b.id+`") { accessRequests { id } } }`, nil)
	if id := core.AccessRequestID(b.id, u.id); strings.Contains(a.text, id) {
		w.do(t, b.owner, "", `answerAccessRequest(input: {id: %q, grant: true, permission: EDITOR}) { request { id } }`, id)
		if held == nil || held.over || held.level < editing {
			b.shares[u.id] = &grant{level: editing}
		}
	}
}

// promote makes somebody an administrator, or no longer one, or locks them. The
// first administrator stays.
func (w *modelWorld) promote(t *testing.T, u *person) {
	t.Helper()
	who := w.people[1+w.rnd.IntN(len(w.people)-1)]
	want := w.administers(u)
	if w.rnd.IntN(8) == 0 {
		if a := w.do(t, u, want, `deactivateUser(input: {userId: %q}) { user { id } }`, who.id); a.code() == "" {
			who.gone = true
		}
		return
	}
	role := "ADMIN"
	if who.admin {
		role = "USER"
	}
	if a := w.do(t, u, want, `setUserRole(input: {userId: %q, role: %s}) { user { id } }`, who.id, role); a.code() == "" {
		who.admin = role == "ADMIN"
	}
}

// remove deletes a dashboard or a card.
func (w *modelWorld) remove(t *testing.T, u *person, b *board) {
	t.Helper()
	if w.rnd.IntN(2) == 0 {
		var want core.Code
		if !w.manages(u, b) {
			want = w.refusal(w.opens(u, b))
		}
		if a := w.do(t, u, want, `deleteDashboard(input: {id: %q}) { deletedId }`, b.id); a.code() == "" {
			b.gone = true
		}
		return
	}
	c := pick(w.rnd, w.pieces)
	var want core.Code
	switch {
	case !w.seesCard(u, c):
		want = core.CodeNotFound
	case !u.admin && c.owner != u:
		want = core.CodeForbidden
	case w.placed(c):
		want = core.CodeValidation
	}
	if a := w.do(t, u, want, `deleteCard(input: {id: %q}) { deletedId }`, c.id); a.code() == "" {
		c.gone = true
	}
}
