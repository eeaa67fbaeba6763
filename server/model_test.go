package server_test

// naive is a second opinion on who may do what: plain lists without a store,
// each rule written down once more as people are told it.
type naive struct {
	people []*person
	crowds []*crowd
	data   []*data
	pieces []*piece
	boards []*board
}

type person struct {
	name, id, token string
	admin, gone     bool
	in              map[*crowd]bool
}

type crowd struct {
	id, name string
	gone     bool
}

type data struct {
	id    string
	owner *person
}

type piece struct {
	id    string
	owner *person
	data  *data
	gone  bool
}

type board struct {
	id      string
	owner   *person
	version int
	gone    bool
	shares  map[string]*grant // by the id of the person or the group
	places  []*place
}

type grant struct {
	level int
	over  bool // its time has passed
}

type place struct {
	card *piece
	from []*board // it was copied from, the nearest first
}

// Levels on a dashboard.
const (
	nothingAtAll = iota
	viewing
	editing
	owning
)

// level is what a person may do with a dashboard without being an administrator.
func (n *naive) level(u *person, b *board) int {
	if u.gone || b.gone {
		return nothingAtAll
	}
	best := nothingAtAll
	if b.owner == u {
		best = owning
	}
	for target, g := range b.shares {
		if !g.over && (target == u.id || n.member(u, target)) {
			best = max(best, g.level)
		}
	}
	return best
}

func (n *naive) member(u *person, groupID string) bool {
	for c := range u.in {
		if c.id == groupID && !c.gone {
			return true
		}
	}
	return false
}

func (n *naive) opens(u *person, b *board) bool {
	return !u.gone && !b.gone && (u.admin || n.level(u, b) >= viewing)
}

func (n *naive) manages(u *person, b *board) bool {
	return n.opens(u, b) && (u.admin || n.level(u, b) >= owning)
}

func (b *board) at(c *piece) *place {
	for _, p := range b.places {
		if p.card == c {
			return p
		}
	}
	return nil
}

// own tells whether somebody may pass a card on by themselves.
func (u *person) own(c *piece) bool {
	return u.admin || c.owner == u && (c.data == nil || c.data.owner == u)
}

// admits tells whether a person sees a card in its place on a dashboard: every
// page that it was copied from must still show it to them.
func (n *naive) admits(u *person, b *board, p *place) bool {
	if !n.opens(u, b) {
		return false
	}
	if u.own(p.card) {
		return true
	}
	for _, source := range p.from {
		if !n.opens(u, source) || source.at(p.card) == nil {
			return false
		}
	}
	return true
}

// shown tells whether some dashboard shows a person a card that the test picks.
func (n *naive) shown(u *person, picks func(*piece) bool) bool {
	for _, b := range n.boards {
		for _, p := range b.places {
			if picks(p.card) && n.admits(u, b, p) {
				return true
			}
		}
	}
	return false
}

func (n *naive) seesCard(u *person, c *piece) bool {
	return !u.gone && !c.gone && (u.admin || c.owner == u || n.shown(u, func(other *piece) bool { return other == c }))
}

func (n *naive) seesData(u *person, d *data) bool {
	return !u.gone && (u.admin || d.owner == u || n.shown(u, func(c *piece) bool { return c.data == d }))
}

// placed tells whether a card lies on any dashboard, other than as a copy.
func (n *naive) placed(c *piece) bool {
	for _, b := range n.boards {
		if p := b.at(c); !b.gone && p != nil && len(p.from) == 0 {
			return true
		}
	}
	return false
}
