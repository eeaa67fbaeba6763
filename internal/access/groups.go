package access

import (
	"context"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
)

// LiveGroups are the ids of the actor's groups that were not deleted, for lists
// that ask for what is shared with each. They are read once a request.
func (g *Gate) LiveGroups(ctx context.Context) ([]string, error) { return g.liveGroups(ctx) }

func (g *Gate) liveGroups(ctx context.Context) ([]string, error) {
	actor := core.ActorFrom(ctx)
	if actor.User == nil || len(actor.User.GroupIDs) == 0 {
		return nil, nil
	}
	live, err := g.store.Groups.ManyOnce(ctx, actor.User.GroupIDs)
	if err != nil {
		return nil, core.Internal("access: read groups", err)
	}
	return slices.DeleteFunc(slices.Clone(actor.User.GroupIDs), func(id string) bool { return live[id] == nil }), nil
}
