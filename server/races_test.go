package server_test

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store/storetest"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/dynamo"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// Fifty clients share, unshare, rename, transfer, lay out and delete the same
// things at the same time: no duplicate, no lost update, no orphan (SH-4, GRP-2, FAIL-5).
func TestRaces(t *testing.T) {
	t.Run("bbolt", func(t *testing.T) {
		t.Parallel()
		race(t, func(e table.Engine) table.Engine { return e })
	})
	t.Run("DynamoDB", func(t *testing.T) {
		t.Parallel()
		endpoint := testkit.Dynoxide(t)
		race(t, func(file table.Engine) table.Engine {
			must(t, file.Close())
			e, err := dynamo.Open(t.Context(), dynamo.Options{
				Endpoint: endpoint, Region: "ap-northeast-1", AccessKey: "test", SecretKey: "test", Prefix: "t" + rand.Text()[:8] + "_",
			})
			must(t, err)
			return e
		})
	})
}

const (
	racers = 50
	laps   = 8
	begun  = 2 // version of a dashboard that was made and laid out
)

// arena is what the clients race for.
type arena struct {
	h               *house
	tokens          []string // of the administrator and of two who own by share or in fact
	people          []string
	groups          []string
	renamed, fought string // dashboards: one is only renamed and shared, the other is transferred and deleted too
	renames         atomic.Int64

	laid     string   // dashboard of the owner's, on which cards come and go
	datasets []string // of the owner's
	mu       sync.Mutex
	cards    []string // of the owner's, those that are gone included
}

func race(t *testing.T, engine func(table.Engine) table.Engine) {
	var l *storetest.Ledger
	h := openHouse(t, site{file: t.TempDir() + "/karuta.db", blobs: accesstest.NewBlobs(), executor: obliging(t).Client(), engine: func(e table.Engine) table.Engine {
		l = storetest.NewLedger(engine(e))
		return l
	}})
	a := newArena(h)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			rnd := mathrand.New(mathrand.NewPCG(uint64(i), 4))
			for range laps {
				a.lap(t, rnd)
			}
		})
	}
	wg.Wait()
	must(t, h.identity.SweepGroups(core.AsSystem(t.Context(), "test")))
	l.Items(t).Check(t)
	page := l.Items(t)[table.Key{Table: table.Dashboards, PK: "DASHBOARD#" + a.renamed, SK: "METADATA"}]
	if got, done := page.Int("version"), a.renames.Load(); got != begun+done || done == 0 {
		t.Errorf("%d renames were done, the version is %d", done, got)
	}
}

func newArena(h *house) *arena {
	a := &arena{h: h}
	for i := range 3 {
		role := core.RoleUser
		if i == 0 {
			role = core.RoleAdmin
		}
		id, token := h.user(role)
		a.people, a.tokens = append(a.people, id), append(a.tokens, token)
	}
	for range 4 {
		id, _ := h.user(core.RoleUser)
		a.people = append(a.people, id)
	}
	for _, name := range []string{"営業", "総務"} {
		a.groups = append(a.groups, h.Group(name).ID)
	}
	owner := &core.User{ID: a.people[1]}
	a.renamed, a.fought = h.Dashboard(owner, nil).ID, h.Dashboard(owner, nil).ID
	a.laid = h.Dashboard(owner, nil).ID
	for range 6 {
		d := h.Dataset(owner, columns()...)
		a.datasets, a.cards = append(a.datasets, d.ID), append(a.cards, h.Card(owner, d).ID)
	}
	return a
}

// lap is one thing that one client does, as one of those who may.
func (a *arena) lap(t *testing.T, rnd *mathrand.Rand) {
	token := pick(rnd, a.tokens)
	board, target, kind := pick(rnd, []string{a.renamed, a.fought}), pick(rnd, a.people), core.TargetUser
	if rnd.IntN(3) == 0 {
		target, kind = pick(rnd, a.groups), core.TargetGroup
	}
	share := core.ShareID(board, kind, target)
	switch rnd.IntN(14) {
	case 0, 1:
		a.rename(t, token)
	case 2, 3:
		a.try(t, token, `createShare(input: {dashboardId: %q, target: {type: %s, id: %q}, permission: EDITOR}) { share { id } }`, board, kind, target)
	case 4:
		a.try(t, token, `updateShare(input: {id: %q, permission: OWNER}) { share { id } }`, share)
	case 5:
		a.try(t, token, `deleteShare(input: {id: %q}) { deletedId }`, share)
	case 6:
		a.try(t, token, `transferOwnership(input: {id: %q, toUserId: %q, keep: OWNER, version: %s}) { transferredId }`, a.fought, pick(rnd, a.people), a.version(token, a.fought))
	case 7:
		a.try(t, token, `addGroupMember(input: {groupId: %q, userId: %q}) { group { id } }`, pick(rnd, a.groups), pick(rnd, a.people))
		a.try(t, token, `removeGroupMember(input: {groupId: %q, userId: %q}) { group { id } }`, pick(rnd, a.groups), pick(rnd, a.people))
	case 8:
		a.try(t, token, `createGroup(input: {name: "%d"}) { group { id } }`, rnd.IntN(3))
	case 9:
		switch rnd.IntN(10) {
		case 0:
			a.try(t, token, `deleteDashboard(input: {id: %q}) { deletedId }`, a.fought)
		case 1:
			a.try(t, token, `deleteGroup(input: {id: %q}) { deletedId }`, pick(rnd, a.groups))
		}
	default:
		a.furnish(t, rnd)
	}
}

// furnish makes, lays out and deletes cards, changes what they read and deletes
// that, as the owner of all of it.
func (a *arena) furnish(t *testing.T, rnd *mathrand.Rand) {
	owner, data := a.tokens[1], pick(rnd, a.datasets)
	a.mu.Lock()
	card := pick(rnd, a.cards)
	a.mu.Unlock()
	switch rnd.IntN(8) {
	case 0, 1:
		answer := a.send(t, owner, `createCard(input: {name: "x", datasetId: %q, code: "x"}) { card { id } }`, data)
		if answer.code() == "" {
			a.mu.Lock()
			a.cards = append(a.cards, answer.at("createCard.card.id"))
			a.mu.Unlock()
		}
	case 2, 3, 4:
		a.try(t, owner, `updateDashboard(input: {id: %q, version: %s, layout: {cards: [{cardId: %q, x: 0, y: 0, w: 1, h: 1}]}}) { dashboard { id } }`, a.laid, a.version(owner, a.laid), card)
	case 5:
		a.try(t, owner, `updateCard(input: {id: %q, version: 1, datasetId: %q}) { card { id } }`, card, data)
	case 6:
		a.try(t, owner, `deleteCard(input: {id: %q}) { deletedId }`, card)
	case 7:
		a.try(t, owner, `deleteDataset(input: {id: %q}) { deletedId }`, data)
	}
}

// rename changes the name on the version that was just read.
func (a *arena) rename(t *testing.T, token string) {
	if a.try(t, token, `updateDashboard(input: {id: %q, version: %s, name: "x"}) { dashboard { id } }`, a.renamed, a.version(token, a.renamed)) {
		a.renames.Add(1)
	}
}

// version is a dashboard's as it is now, 1 where it is gone.
func (a *arena) version(token, id string) string {
	answer := a.h.ask(token, `{ dashboard(id: "`+id+`") { version } }`, nil)
	if answer.code() != "" {
		return "1"
	}
	return answer.at("dashboard.version")
}

// lawful are the answers that somebody may get who comes too late; a table that
// is fought for may be busy.
var lawful = []core.Code{"", core.CodeConflict, core.CodeDuplicate, core.CodeNotFound, core.CodeForbidden, core.CodeValidation, core.CodeUnavailable}

// try tells whether it was done.
func (a *arena) try(t *testing.T, token, document string, args ...any) (done bool) {
	return a.send(t, token, document, args...).code() == ""
}

func (a *arena) send(t *testing.T, token, document string, args ...any) *answered {
	answer := a.h.ask(token, "mutation { "+fmt.Sprintf(document, args...)+" }", nil)
	if !slices.Contains(lawful, core.Code(answer.code())) {
		t.Errorf("%s: %s", fmt.Sprintf(document, args...), answer.text)
	}
	return answer
}
