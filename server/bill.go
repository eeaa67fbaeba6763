package server

import (
	"context"
	"fmt"
	"math"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/guard"
)

// billName is where an operation's context has its bill.
const billName = "cost"

// bill is what an operation costs: before it runs with lists as long as they may
// be, afterwards with those that there were.
type bill struct {
	meter  *meter
	budget int
	actual int
}

func billOf(op *graphql.OperationContext) *bill {
	b, _ := op.Stats.GetExtension(billName).(*bill)
	return b
}

// text is the bill as JSON.
func (b *bill) text() string {
	return fmt.Sprintf(`{"estimated":%d,"actual":%d,"budget":%d}`, b.meter.estimate(), b.actual, b.budget)
}

// settle fills in what the answer has cost.
func (b *bill) settle(data []byte) {
	w := &walk{text: data}
	b.spent(w.value(b.meter.answer))
}

// settlePart adds what a part has cost that came later.
func (b *bill) settlePart(path ast.Path, data []byte) {
	w := &walk{text: data}
	if at := b.meter.answer.at(path); at != nil {
		b.spent(w.value(at))
	}
}

func (b *bill) spent(cost float64) {
	b.actual = int(min(float64(b.actual)+math.Ceil(cost), math.MaxInt32))
}

// charge counts the operation among what whoever asks may do in a minute: a root
// field counts one, as another kind of work where the schema says so, and a
// registered operation as its own kind.
func (e *engine) charge(ctx context.Context, req *request, op *ast.OperationDefinition, m *meter) gqlerror.List {
	actor, roots := core.ActorFrom(ctx), rootClass(ctx)
	if actor.IsAdmin() && op.Operation == ast.Mutation {
		roots = core.RateAdmin
	}
	charges := []guard.Charge{{Class: roots, N: m.roots}}
	for class, n := range m.charges {
		charges = append(charges, guard.Charge{Class: class, N: n})
	}
	if r := req.registered; r != nil && r.Class != core.RateAPI && m.charges[r.Class] == 0 {
		charges = append(charges, guard.Charge{Class: r.Class, N: 1})
	}
	if err := e.guard.Admit(ctx, charges...); err != nil {
		return gqlerror.List{gqlerror.Wrap(err)}
	}
	return nil
}

// rootClass is what a root field counts as.
func rootClass(ctx context.Context) core.RateClass {
	if core.ActorFrom(ctx).SignedIn() {
		return core.RateAPI
	}
	return core.RateAll
}

// chargeRefused counts what is refused before it is known what it asks for as one root
// field: nobody tries documents without end. A hash that is not known is how clients
// begin, and the text that follows is counted.
func (e *engine) chargeRefused(ctx context.Context, problems gqlerror.List) gqlerror.List {
	if core.CodeOf(problems[0]) == core.CodeNotPersisted {
		return problems
	}
	if err := e.guard.Admit(ctx, guard.Charge{Class: rootClass(ctx), N: 1}); err != nil {
		return gqlerror.List{gqlerror.Wrap(err)}
	}
	return problems
}
