package resolvers

import (
	"context"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// Directives are the gates that the schema shows. Each asks the access gate
// before the field runs; the services ask it again.
func (r *Resolver) Directives() graph.DirectiveRoot {
	return graph.DirectiveRoot{
		Public:    r.public,
		Auth:      r.auth,
		Admin:     r.admin,
		Dashboard: r.dashboard,
		Sharing:   r.sharing,
		Dataset:   r.dataset,
		Card:      r.card,
		Transform: r.transform,
	}
}

func (r *Resolver) public(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
	return next(ctx)
}

func (r *Resolver) auth(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
	if err := r.signedIn(ctx); err != nil {
		return nil, err
	}
	return next(ctx)
}

func (r *Resolver) admin(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
	if err := r.signedIn(ctx); err != nil {
		return nil, err
	}
	if _, err := r.Services.Gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	return next(ctx)
}

var rightOf = map[core.Permission]access.Right{
	core.PermissionViewer: access.View,
	core.PermissionEditor: access.Edit,
	core.PermissionOwner:  access.Manage,
}

func (r *Resolver) dashboard(ctx context.Context, _ any, next graphql.Resolver, level core.Permission, arg string) (any, error) {
	if err := r.signedIn(ctx); err != nil {
		return nil, err
	}
	if _, err := r.Services.Gate.RequireDashboard(ctx, arg, argument(ctx, arg), rightOf[level]); err != nil {
		return nil, err
	}
	return next(ctx)
}

func (r *Resolver) sharing(ctx context.Context, _ any, next graphql.Resolver, arg string) (any, error) {
	if err := r.signedIn(ctx); err != nil {
		return nil, err
	}
	id := argument(ctx, arg)
	if dashboardID, _, _, ok := core.ParseShareID(id); ok {
		id = dashboardID
	} else if noun, _ := core.NounOf(id); noun == core.NounDashboard && arg == "input.id" {
		return nil, core.NotFound(arg) // a dashboard where a share is meant
	}
	if _, err := r.Services.Gate.RequireShareManagement(ctx, arg, id); err != nil {
		return nil, err
	}
	return next(ctx)
}

func (r *Resolver) dataset(ctx context.Context, _ any, next graphql.Resolver, right graph.Right, arg string) (any, error) {
	if err := r.signedIn(ctx); err != nil {
		return nil, err
	}
	if _, err := r.Services.Gate.RequireDataset(ctx, arg, argument(ctx, arg), access.Right(right)); err != nil {
		return nil, err
	}
	return next(ctx)
}

func (r *Resolver) card(ctx context.Context, _ any, next graphql.Resolver, right graph.Right, arg string) (any, error) {
	if err := r.signedIn(ctx); err != nil {
		return nil, err
	}
	if _, err := r.Services.Gate.RequireCard(ctx, arg, argument(ctx, arg), access.Right(right)); err != nil {
		return nil, err
	}
	return next(ctx)
}

func (r *Resolver) transform(ctx context.Context, _ any, next graphql.Resolver, right graph.Right, arg string) (any, error) {
	if err := r.signedIn(ctx); err != nil {
		return nil, err
	}
	id := argument(ctx, arg)
	if of, ok := core.ExecutionTransform(id); ok {
		id = of
	}
	if _, err := r.Services.Gate.RequireTransform(ctx, arg, id, access.Right(right)); err != nil {
		return nil, err
	}
	return next(ctx)
}

// signedIn refuses the anonymous; who came with a credential that does not hold
// is told what is wrong with it.
func (r *Resolver) signedIn(ctx context.Context) error {
	if err := CredentialProblem(ctx); err != nil {
		return err
	}
	_, err := r.Services.Gate.RequireOnlooker(ctx)
	return err
}

// argument is the id that the path names among the field's arguments as they
// were written: `id`, `input.id`.
func argument(ctx context.Context, path string) string {
	field := graphql.GetFieldContext(ctx).Field
	value := any(field.ArgumentMap(graphql.GetOperationContext(ctx).Variables))
	for name := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return ""
		}
		value = object[name]
	}
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

type problemKey struct{}

// WithCredentialProblem remembers why the request's credential was not accepted.
// Public fields do not mind; all others answer with it.
func WithCredentialProblem(ctx context.Context, err error) context.Context {
	return context.WithValue(ctx, problemKey{}, err)
}

// CredentialProblem is what WithCredentialProblem remembers, nil for nothing.
func CredentialProblem(ctx context.Context) error {
	err, _ := ctx.Value(problemKey{}).(error)
	return err
}
