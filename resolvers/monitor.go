package resolvers

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	probeTimeout = 2 * time.Second
	freshFor     = time.Second // how long an answer is given again before it is looked up anew
)

// Probe looks at one part of the system. Check gives nil where the part works,
// an error whose text is for administrators where it does not; it has two
// seconds. A part that is not needed leaves the whole DEGRADED, not DOWN.
type Probe struct {
	Name   string
	Needed bool
	Check  func(ctx context.Context) error

	// Layers looks instead of Check, where the part is made of layers.
	Layers func(ctx context.Context) ([]graph.SandboxLayer, error)
}

// ErrWeak tells, wrapped in what a probe found, that the part works with less
// than it should have: it is DEGRADED.
var ErrWeak = errors.New("it works with less than it should have")

// Monitor looks at all parts of the system, at most once a second however many ask.
type Monitor struct {
	probes []Probe

	mu   sync.Mutex
	last graph.Health
	at   time.Time
}

// NewMonitor makes a monitor that shows the parts in the given order.
func NewMonitor(probes ...Probe) *Monitor { return &Monitor{probes: probes} }

// Health is the state of every part, with details for administrators only.
func (m *Monitor) Health(ctx context.Context) *graph.Health {
	health := m.look(ctx)
	shown := make([]graph.HealthComponent, len(health.Components))
	copy(shown, health.Components)
	if !core.ActorFrom(ctx).IsAdmin() {
		for i := range shown {
			shown[i].Detail, shown[i].Layers = nil, nil
		}
	}
	return &graph.Health{Status: health.Status, Components: shown}
}

func (m *Monitor) look(ctx context.Context) graph.Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.at) >= freshFor {
		// The answer is for everybody, so one client's leaving must not spoil it.
		m.last, m.at = m.check(context.WithoutCancel(ctx)), time.Now()
	}
	return m.last
}

func (m *Monitor) check(ctx context.Context) graph.Health {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	health := graph.Health{Status: graph.HealthStatusOk, Components: make([]graph.HealthComponent, len(m.probes))}
	var wg sync.WaitGroup
	for i, p := range m.probes {
		wg.Go(func() { health.Components[i] = p.run(ctx) })
	}
	wg.Wait()
	for i, c := range health.Components {
		switch {
		case c.Status == graph.HealthStatusOk:
		case m.probes[i].Needed && c.Status == graph.HealthStatusDown:
			health.Status = graph.HealthStatusDown
		case health.Status == graph.HealthStatusOk:
			health.Status = graph.HealthStatusDegraded
		}
	}
	return health
}

func (p Probe) run(ctx context.Context) graph.HealthComponent {
	began := time.Now()
	var layers []graph.SandboxLayer
	var err error
	if p.Layers != nil {
		layers, err = p.Layers(ctx)
	} else {
		err = p.Check(ctx)
	}
	took := time.Since(began)
	c := graph.HealthComponent{
		Name: p.Name, Status: graph.HealthStatusOk, CheckedAt: began,
		LatencyMs: float64(took.Microseconds()) / 1000, Layers: layers,
	}
	if err != nil {
		detail := err.Error()
		c.Status, c.Detail = graph.HealthStatusDown, &detail
		if errors.Is(err, ErrWeak) {
			c.Status = graph.HealthStatusDegraded
		}
	}
	return c
}
