package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/loaders"
)

type viewProblemKey struct{}

// ThroughEyes runs a root field. All of viewAs is answered as the person whom
// it names: with their rights, and with nothing that was decided or read for who
// asks. Why somebody may not look, the field itself tells.
func (r *Resolver) ThroughEyes(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	field := graphql.GetRootFieldContext(ctx).Field
	if field.Name != "viewAs" {
		return next(ctx)
	}
	id, _ := field.ArgumentMap(graphql.GetOperationContext(ctx).Variables)["userId"].(string)
	seer, err := r.seer(ctx, id)
	if err != nil {
		return next(context.WithValue(ctx, viewProblemKey{}, err))
	}
	ctx = core.WithActor(ctx, seer)
	return next(loaders.With(ctx, loaders.New(ctx, r.Sources())))
}

// seer also answers where the code below panics: gqlgen does so for fields, not
// for what runs around them.
func (r *Resolver) seer(ctx context.Context, userID string) (seer *core.Actor, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = graphql.GetOperationContext(ctx).Recover(ctx, failure)
		}
	}()
	return r.Services.Identity.ViewAs(ctx, userID)
}

// lookedThrough refuses where nobody has been let in to look.
func lookedThrough(ctx context.Context) error {
	if err, refused := ctx.Value(viewProblemKey{}).(error); refused {
		return err
	}
	if core.ActorFrom(ctx).ViewedBy == "" {
		return core.Forbidden("")
	}
	return nil
}
