package access

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
)

// RequireTransform opens a transform: its owner and administrators view and
// manage it, its owner edits and runs it. The runbook promises 403 to everybody
// else who runs one (§5 "Transform実行エラー"), so that door says FORBIDDEN even to
// who may not view the transform.
func (g *Gate) RequireTransform(ctx context.Context, field, id string, want Right) (*core.Transform, error) {
	if _, err := g.RequireOnlooker(ctx); err != nil {
		return nil, err
	}
	if err := core.CheckID(field, id, core.NounTransform); err != nil {
		return nil, err
	}
	found, err := g.store.Transforms.Get(ctx, id)
	if err != nil {
		return nil, core.Internal("access: read transform", err)
	}
	if found == nil {
		return nil, core.NotFound(field)
	}
	if !owns(ctx, found.OwnerID, want) {
		seen := owns(ctx, found.OwnerID, View)
		return nil, g.refuse(ctx, core.NounTransform, field, id, want, seen || want == Run, reasonFor(want))
	}
	return found, nil
}

// FilterTransforms keeps the transforms the actor may view, by id.
func (g *Gate) FilterTransforms(ctx context.Context, ids []string) (map[string]*core.Transform, error) {
	if !core.ActorFrom(ctx).SignedIn() {
		return nil, nil
	}
	found, err := g.store.Transforms.ManyOnce(ctx, ids)
	if err != nil {
		return nil, core.Internal("access: read transforms", err)
	}
	return keep(ctx, g, core.NounTransform, found, func(ctx context.Context, t *core.Transform) (*core.Transform, error) {
		if !owns(ctx, t.OwnerID, View) {
			return nil, nil
		}
		return t, nil
	})
}

func transformThing(id string) *thing {
	owner := func(ctx context.Context, g *Gate) (string, error) {
		t, err := g.store.Transforms.Get(ctx, id)
		if err != nil || t == nil {
			return "", err
		}
		return t.OwnerID, nil
	}
	return &thing{
		id: id,
		door: func(ctx context.Context, g *Gate, want Right) error {
			_, err := g.RequireTransform(ctx, "resource", id, want)
			return err
		},
		paths: func(ctx context.Context, g *Gate) ([]core.AccessPath, error) {
			ownerID, err := owner(ctx, g)
			return ownPaths(ctx, ownerID), err
		},
		missing: func(ctx context.Context, g *Gate) ([]core.MissingAccess, error) {
			ownerID, err := owner(ctx, g)
			return []core.MissingAccess{{Kind: core.MissingOwnership, GiverIDs: []string{ownerID}}}, err
		},
	}
}
