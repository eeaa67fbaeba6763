package dashboard

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/drain"
)

// How often a process says who looks at dashboards through it, and after how long
// without a word it is taken for dead, and its people for gone: within a minute.
const (
	presenceEvery = 15 * time.Second
	presenceDead  = 40 * time.Second
)

// maxPresent is how many people are told.
const maxPresent = 100

// Presence knows who looks at dashboards now, through any process of the bus. It
// asks no gate: who may look has been asked before.
type Presence struct {
	bus  bus.Bus
	log  *slog.Logger
	name string // of this process
	stop func()
	now  func() time.Time

	mu    sync.Mutex
	rooms map[string]*room
	says  sync.WaitGroup
	ended bool
}

// room is one dashboard that somebody looks at through this process.
type room struct {
	id    string
	sub   *bus.Subscription
	mine  map[string]int // how often each person looks through this process
	peers map[string]peer
	voice sync.Mutex // what is said is said in order
}

// peer is another process and who looks through it.
type peer struct {
	people []string
	heard  time.Time
}

// word is what processes say to each other about a dashboard.
type word struct {
	From   string   `json:"from"`
	People []string `json:"people"`
	Ask    bool     `json:"ask,omitempty"`  // who else is there?
	Beat   bool     `json:"beat,omitempty"` // nothing new
}

// NewPresence begins to keep in touch with the other processes, until Close.
func NewPresence(b bus.Bus, log *slog.Logger) *Presence {
	p := &Presence{bus: b, log: log, name: rand.Text(), rooms: map[string]*room{}, now: time.Now}
	p.stop = drain.Every(context.Background(), presenceEvery, p.beat)
	return p
}

// Close ends it; who still looks is gone for the others after a while.
func (p *Presence) Close(ctx context.Context) error {
	p.stop()
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	return drain.Wait(ctx, &p.says)
}

// Join lets somebody look at a dashboard until leave is called.
func (p *Presence) Join(dashboardID, userID string) (leave func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, known := p.rooms[dashboardID]
	if !known {
		r = &room{id: dashboardID, mine: map[string]int{}, peers: map[string]peer{}}
		if r.sub, err = p.bus.Subscribe(core.PresenceTopic(dashboardID), 0, func(e bus.Event) { p.hear(r, e) }); err != nil {
			return nil, err
		}
		p.rooms[dashboardID] = r
	}
	if r.mine[userID]++; r.mine[userID] == 1 {
		p.sayLater(r, word{Ask: !known})
	}
	return sync.OnceFunc(func() { p.leave(r, userID) }), nil
}

func (p *Presence) leave(r *room, userID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.mine[userID]--; r.mine[userID] > 0 {
		return
	}
	if delete(r.mine, userID); len(r.mine) == 0 {
		r.sub.Close()
		delete(p.rooms, r.id)
	}
	p.sayLater(r, word{})
}

// Who are the people who look at a dashboard, as far as this process has heard,
// which is all where somebody looks through it.
func (p *Presence) Who(dashboardID string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rooms[dashboardID]
	if r == nil {
		return nil
	}
	there := maps.Clone(r.mine)
	for _, other := range r.peers {
		for _, id := range other.people {
			there[id]++
		}
	}
	people := slices.Sorted(maps.Keys(there))
	return people[:min(len(people), maxPresent)]
}

// SaysWho tells whether an event may say something new about who is there: the
// beginning, a gap and most words do, a beat and what is told of other topics do not.
func SaysWho(e bus.Event) bool {
	var w word
	return len(e.Data) == 0 || json.Unmarshal(e.Data, &w) == nil && w.From != "" && !w.Beat
}

// hear takes in what is said of a room; this process, too, learns only so.
func (p *Presence) hear(r *room, e bus.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var w word
	switch {
	case e.Gap:
		p.sayLater(r, word{Ask: true})
		return
	case json.Unmarshal(e.Data, &w) != nil:
		return
	case w.From == p.name && len(w.People) == 0 && len(r.mine) > 0, w.From != p.name && w.Ask && len(r.mine) > 0:
		p.sayLater(r, word{}) // it was taken for dead, or is asked
	}
	if w.From == p.name {
		return
	}
	if r.peers[w.From] = (peer{w.People, p.now()}); len(w.People) == 0 {
		delete(r.peers, w.From)
	}
}

// beat says that this process lives, and of others that they do not.
func (p *Presence) beat(context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.rooms {
		p.sayLater(r, word{Beat: true})
		for name, other := range r.peers {
			if p.now().Sub(other.heard) > presenceDead {
				p.sayLater(r, word{From: name})
			}
		}
	}
}

// sayLater says who is there through this process, as it is then. The caller holds
// the lock, which nobody may hold while something is said.
func (p *Presence) sayLater(r *room, w word) {
	if p.ended {
		return
	}
	p.says.Go(func() {
		r.voice.Lock()
		defer r.voice.Unlock()
		if w.From == "" {
			w.From = p.name
			p.mu.Lock()
			w.People = slices.Sorted(maps.Keys(r.mine))
			p.mu.Unlock()
			w.People = w.People[:min(len(w.People), maxPresent)]
		}
		data, err := json.Marshal(w)
		if err != nil {
			panic(err) // texts always encode
		}
		if _, err := p.bus.Publish(context.Background(), core.PresenceTopic(r.id), data); err != nil {
			p.log.Debug("who looks at a dashboard was not told", "dashboard", r.id, "error", err)
		}
	})
}
