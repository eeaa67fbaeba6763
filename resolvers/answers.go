package resolvers

import (
	"context"
	"errors"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/idempotency"
	"github.com/karuta-bi/karuta/schema"
)

// list checks the arguments of a page, reads it and wraps it.
func list[T any](first *int, after *string, defaultFirst int, read func(core.PageArgs) (core.Page[T], error)) (*schema.Connection[T], error) {
	args, err := core.NewPageArgs(first, after, defaultFirst)
	if err != nil {
		return nil, err
	}
	page, err := read(args)
	if err != nil {
		return nil, err
	}
	return schema.NewConnection(args, page), nil
}

// found is the noun as a value of an interface, which is nil where the noun is.
func found[T any](noun *T, err error) (any, error) {
	if noun == nil || err != nil {
		return nil, err
	}
	return noun, nil
}

func values[T any](pointers []*T) []T {
	all := make([]T, len(pointers))
	for i, p := range pointers {
		all[i] = *p
	}
	return all
}

// withoutInput is an error of a service at a field whose arguments stand alone,
// not in an input.
func withoutInput(err error) error {
	problem, ok := errors.AsType[*core.Error](err)
	if !ok {
		return err
	}
	at := *problem
	at.Field = strings.TrimPrefix(at.Field, "input.")
	return &at
}

// once does what a mutation asks for at most once under its key, see
// [idempotency.Do].
func once[T any](ctx context.Context, r *mutationResolver, key string, input any, again func(context.Context, string) (T, error), do func(context.Context) (T, error)) (T, error) {
	return idempotency.Do(ctx, r.Services.Idempotency, idempotency.Request{Field: graphql.GetFieldContext(ctx).Field.Name, Key: key, Input: input}, again, do)
}

// text is the optional text, "" where it is left out.
func text(optional *string) string {
	if optional == nil {
		return ""
	}
	return *optional
}

// nameOf is what people call a noun, "" for none.
func nameOf(noun any) string {
	switch n := noun.(type) {
	case *core.User:
		if n != nil {
			return n.Name
		}
	case *core.Dashboard:
		return n.Name
	case *core.Dataset:
		return n.Name
	case *core.Card:
		return n.Name
	case *core.FilterView:
		return n.Name
	case *core.Transform:
		return n.Name
	}
	return ""
}

// ownOrAdmin tells whether the asker is the person or an administrator: others
// are given a person's id, address and name, and must not take for empty what
// they are not given.
func ownOrAdmin(ctx context.Context, u *core.User) bool {
	actor := core.ActorFrom(ctx)
	return actor.IsAdmin() || actor.Is(u.ID)
}

// optional is the text, nil where there is none.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
