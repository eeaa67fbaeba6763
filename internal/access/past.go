package access

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// Past is what the histories tell: who could see what, and when, by the rules
// that the gate keeps now. It knows what it was told alone, and is pure.
type Past struct {
	people map[string]*pastPerson
	groups map[string]*switched // while they are there
	boards map[string]*pastBoard
	things map[string]*pastThing // datasets and cards
}

type pastPerson struct {
	active, admin switched
	memberOf      switches
}

type pastBoard struct {
	there  switched
	owners switches
	shares map[core.Target][]pastShare
	cards  switches // those that the page shows by its editors' own right
}

// pastShare is a share between two changes of it.
type pastShare struct {
	Span
	level core.Permission
}

type pastThing struct {
	there    switched
	owners   switches
	datasets switches // of a card
	boards   map[string]bool
	cards    map[string]bool // of a dataset, that were laid on dashboards
}

// NewPast is a past that knows nothing yet.
func NewPast() *Past {
	return &Past{people: map[string]*pastPerson{}, groups: map[string]*switched{}, boards: map[string]*pastBoard{}, things: map[string]*pastThing{}}
}

// Tell adds the history of a person, a group, a dataset, a card or a transform,
// oldest first, all of it.
func (p *Past) Tell(id string, changes []core.RightsChange) {
	switch noun, _ := core.NounOf(id); noun {
	case core.NounUser:
		p.people[id] = personOf(changes)
	case core.NounGroup:
		there := &switched{}
		for _, c := range changes {
			switch c.Kind {
			case core.RightsCreated:
				there.on(c.At)
			case core.RightsDeleted:
				there.off(c.At)
			}
		}
		p.groups[id] = there
	case core.NounDataset, core.NounCard, core.NounTransform:
		p.things[id] = thingOf(changes)
	}
}

func personOf(changes []core.RightsChange) *pastPerson {
	u := &pastPerson{memberOf: switches{}}
	for _, c := range changes {
		switch c.Kind {
		case core.RightsCreated:
			u.active.on(c.At)
			u.admin.set(c.Details["role"] == string(core.RoleAdmin), c.At)
		case core.RightsRole:
			u.admin.set(c.Details["role"] == string(core.RoleAdmin), c.At)
		case core.RightsDeactivated:
			u.active.off(c.At)
		case core.RightsMemberAdded:
			u.memberOf.of(c.OtherID).on(c.At)
		case core.RightsMemberRemoved:
			u.memberOf.of(c.OtherID).off(c.At)
		}
	}
	return u
}

func thingOf(changes []core.RightsChange) *pastThing {
	t := &pastThing{owners: switches{}, datasets: switches{}, boards: map[string]bool{}, cards: map[string]bool{}}
	for _, c := range changes {
		switch c.Kind {
		case core.RightsCreated:
			t.there.on(c.At)
			t.owners.only(c.OtherID, c.At)
			t.datasets.only(c.Details["dataset"], c.At)
		case core.RightsOwner:
			t.owners.only(c.OtherID, c.At)
		case core.RightsDataset:
			t.datasets.only(c.OtherID, c.At)
		case core.RightsDeleted:
			t.there.off(c.At)
		case core.RightsRestored:
			t.there.on(c.At)
		case core.RightsPlaced:
			t.boards[c.OtherID] = true
			for id := range strings.SplitSeq(c.Details["cards"], ",") {
				t.cards[id] = true
			}
		}
	}
	return t
}

// TellBoard adds the history of a dashboard, oldest first, all of it.
func (p *Past) TellBoard(id string, changes []core.AccessChange) {
	b := &pastBoard{owners: switches{}, shares: map[core.Target][]pastShare{}, cards: switches{}}
	p.boards[id] = b
	for _, c := range changes {
		target := core.Target{Type: c.TargetType, ID: c.TargetID}
		switch c.Kind {
		case "created":
			b.there.on(c.At)
			b.owners.only(c.TargetID, c.At)
		case "transferred":
			b.owners.only(c.TargetID, c.At)
		case "share_added", "share_updated":
			b.endShare(target, c.At)
			to := c.ExpiresAt
			if to.IsZero() {
				to = forever
			}
			b.shares[target] = append(b.shares[target], pastShare{Span{c.At, to}, c.Permission})
		case "share_removed":
			b.endShare(target, c.At)
		case "cards_changed":
			b.change(c)
		case "deleted":
			b.there.off(c.At)
		}
	}
}

func (b *pastBoard) endShare(target core.Target, at time.Time) {
	if n := len(b.shares[target]); n > 0 {
		b.shares[target][n-1].To = earlier(b.shares[target][n-1].To, at)
	}
}

// change lays cards on the page and takes others off. A copied card opens nothing
// that its origin does not open, so it is none here.
func (b *pastBoard) change(c core.AccessChange) {
	for _, id := range c.Removed {
		b.cards.of(id).off(c.At)
	}
	for _, id := range c.Added {
		b.cards.of(id).set(len(c.Grants[id]) == 0, c.At)
	}
}

// Way is when somebody could see a thing in one way.
type Way struct {
	Path  core.PastPath
	ViaID string          // the group or the dashboard
	Level core.Permission // none for an administrator
	when  spans
}

// CouldView tells whether the person could view the dashboard, dataset, card or
// transform at the time.
func (p *Past) CouldView(userID, resourceID string, at time.Time) bool {
	return slices.ContainsFunc(p.Ways(userID, resourceID), func(w Way) bool { return w.when.at(at) })
}

// Ways are all ways in which the person could ever view the dashboard, dataset,
// card or transform.
func (p *Past) Ways(userID, resourceID string) []Way {
	u := p.people[userID]
	if u == nil {
		return nil
	}
	var ways []Way
	if b := p.boards[resourceID]; b != nil {
		ways = p.boardWays(userID, u, b)
	} else if t := p.things[resourceID]; t != nil {
		ways = p.thingWays(userID, u, resourceID, t)
	}
	for i := range ways {
		ways[i].when = overlap(ways[i].when, u.active.spans())
	}
	return slices.DeleteFunc(ways, func(w Way) bool { return len(w.when) == 0 })
}

func (p *Past) boardWays(userID string, u *pastPerson, b *pastBoard) []Way {
	ways := []Way{
		{Path: core.PastOwner, Level: core.PermissionOwner, when: b.owners[userID].spans()},
		{Path: core.PastAdmin, when: u.admin.spans()},
	}
	for _, target := range slices.SortedFunc(maps.Keys(b.shares), byTarget) {
		way, while := Way{Path: core.PastShare}, spans{{To: forever}}
		switch {
		case target.Type == core.TargetGroup:
			way = Way{Path: core.PastGroup, ViaID: target.ID}
			while = overlap(u.memberOf[target.ID].spans(), p.groups[target.ID].spans())
		case target.ID != userID:
			continue
		}
		for _, s := range b.shares[target] {
			way.Level, way.when = s.level, overlap(while, spans{s.Span})
			ways = append(ways, way)
		}
	}
	for i := range ways {
		ways[i].when = overlap(ways[i].when, b.there.spans())
	}
	return ways
}

func byTarget(a, b core.Target) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
}

func (p *Past) thingWays(userID string, u *pastPerson, id string, t *pastThing) []Way {
	ways := []Way{
		{Path: core.PastOwner, Level: core.PermissionOwner, when: t.owners[userID].spans()},
		{Path: core.PastAdmin, when: u.admin.spans()},
	}
	for _, boardID := range p.holding(id) {
		var seen []spans
		for _, w := range p.boardWays(userID, u, p.boards[boardID]) {
			seen = append(seen, w.when)
		}
		ways = append(ways, Way{
			Path: core.PastDashboard, ViaID: boardID, Level: core.PermissionViewer, when: overlap(union(seen...), p.shown(p.boards[boardID], id)),
		})
	}
	for i := range ways {
		ways[i].when = overlap(ways[i].when, t.there.spans())
	}
	return ways
}

// shown is when a dashboard showed the card, or a card that read the dataset.
func (p *Past) shown(b *pastBoard, id string) spans {
	if on := b.cards[id]; on != nil {
		return on.spans()
	}
	var all []spans
	for cardID, on := range b.cards {
		if c := p.things[cardID]; c != nil {
			all = append(all, overlap(on.spans(), c.datasets[id].spans()))
		}
	}
	return union(all...)
}

// holding are the dashboards that ever showed the card or the dataset.
func (p *Past) holding(id string) (boards []string) {
	for boardID, b := range p.boards {
		if len(p.shown(b, id)) > 0 {
			boards = append(boards, boardID)
		}
	}
	slices.Sort(boards)
	return boards
}
