package access

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Denial is a refused attempt, for the audit log.
type Denial struct {
	TargetType string // noun, "" for a whole operation
	TargetID   string
	Wanted     string // right that was missing
}

// Gate decides. Make one with [New].
type Gate struct {
	store  *store.Store
	denied func(context.Context, Denial)
}

// New makes a gate over the store; denied is told of each refusal.
func New(st *store.Store, denied func(context.Context, Denial)) *Gate {
	return &Gate{store: st, denied: denied}
}

// Right is what an actor wants to do with a thing.
type Right string

// The rights, weakest first.
const (
	View   Right = "VIEW"   // see it
	Edit   Right = "EDIT"   // change its content
	Manage Right = "MANAGE" // share it, delete it, see who has it
	Run    Right = "RUN"    // let it run: a transform's owner alone
)

// RequireSignedIn refuses the anonymous with UNAUTHORIZED. It is for what
// people do and have by themselves: who looks through another's eyes and is no
// administrator is refused with FORBIDDEN, see [Gate.RequireOnlooker].
func (g *Gate) RequireSignedIn(ctx context.Context) (*core.Actor, error) {
	a, err := g.RequireOnlooker(ctx)
	if err == nil && a.Asker != nil {
		g.denied(ctx, Denial{Wanted: "ADMIN"})
		return nil, core.Forbidden("admin_only")
	}
	return a, err
}

// RequireAdmin refuses everybody but administrators and the operator.
func (g *Gate) RequireAdmin(ctx context.Context) (*core.Actor, error) {
	a, err := g.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if !a.IsAdmin() {
		g.denied(ctx, Denial{Wanted: "ADMIN"})
		return nil, core.Forbidden("admin_only")
	}
	return a, nil
}

// RequireScope refuses a key what it does not name: FORBIDDEN.key_scope for a
// root field ("Query.dashboards") beyond the scopes of the key that opened the
// door, by itself and as a part of the registered operation ("" for none). Who
// came with a session may ask for all.
func (g *Gate) RequireScope(ctx context.Context, rootField, operationID string) error {
	key := core.ActorFrom(ctx).Key
	if key == nil || key.Opens(rootField, operationID) {
		return nil
	}
	g.denied(ctx, Denial{TargetType: "field", TargetID: rootField, Wanted: "SCOPE"})
	return core.Forbidden("key_scope")
}

// RefuseText refuses a document that its client may not send as a text:
// FORBIDDEN with the reason.
func (g *Gate) RefuseText(ctx context.Context, hash, reason string) error {
	g.denied(ctx, Denial{TargetType: "operation", TargetID: hash, Wanted: "TEXT"})
	return core.Forbidden(reason)
}

// refuse tells the audit log, then the caller: NOT_FOUND for who may not know,
// else FORBIDDEN with the reason.
func (g *Gate) refuse(ctx context.Context, noun core.Noun, field, id string, want Right, seen bool, reason string) error {
	g.denied(ctx, Denial{TargetType: nounName(noun), TargetID: id, Wanted: string(want)})
	if !seen {
		return core.NotFound(field)
	}
	err := core.Forbidden(reason)
	err.Field = field
	return err
}

// hide tells the audit log of a noun that a batch leaves out: asking for many
// at once is no way around it.
func (g *Gate) hide(ctx context.Context, noun core.Noun, id string) {
	g.denied(ctx, Denial{TargetType: nounName(noun), TargetID: id, Wanted: string(View)})
}

func nounName(n core.Noun) string {
	switch n {
	case core.NounDashboard:
		return "dashboard"
	case core.NounDataset:
		return "dataset"
	case core.NounCard:
		return "card"
	case core.NounGroup:
		return "group"
	case core.NounFilterView:
		return "filter_view"
	case core.NounTransform:
		return "transform"
	}
	return string(n)
}
