package resolvers

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/loaders"
	"github.com/karuta-bi/karuta/schema"
)

// node asks for the noun with the id now and gives it when the returned
// function is called, so that several are read in one batch.
func (r *Resolver) node(ctx context.Context, id string) func() (schema.Node, error) {
	load := loaders.For(ctx)
	switch noun, _ := core.NounOf(id); noun {
	case core.NounUser:
		return later(load.Users, ctx, id)
	case core.NounGroup:
		return r.group(ctx, load.Groups.Later(ctx, id), id)
	case core.NounDataset:
		return later(load.Datasets, ctx, id)
	case core.NounCard:
		return later(load.Cards, ctx, id)
	case core.NounDashboard:
		return later(load.Dashboards, ctx, id)
	case core.NounTransform:
		return later(load.Transforms, ctx, id)
	case core.NounExecution:
		return func() (schema.Node, error) { return hidden(found(r.Services.Transforms.Execution(ctx, id))) }
	case core.NounAPIKey:
		return func() (schema.Node, error) { return hidden(found(r.Services.Identity.APIKey(ctx, id))) }
	case core.NounSession:
		return func() (schema.Node, error) { return hidden(found(r.Services.Identity.Session(ctx, id))) }
	case core.NounJob:
		return func() (schema.Node, error) { return hidden(found(r.Services.Datasets.ImportJob(ctx, id))) }
	case core.NounShare:
		return func() (schema.Node, error) { return hidden(found(r.share(ctx, id))) }
	case core.NounAccessRequest:
		return func() (schema.Node, error) { return hidden(found(r.Services.Dashboards.AccessRequest(ctx, id))) }
	case core.NounFilterView:
		return func() (schema.Node, error) { return hidden(found(r.Services.Dashboards.FilterView(ctx, id))) }
	case core.NounNotice:
		return func() (schema.Node, error) { return hidden(found(r.Services.Identity.Notice(ctx, id))) }
	}
	return func() (schema.Node, error) { return nil, nil }
}

func later[T any](l loaders.Loader[T], ctx context.Context, id string) func() (schema.Node, error) {
	thunk := l.Later(ctx, id)
	return func() (schema.Node, error) { return found(thunk()) }
}

// group asks for a group that the batch left out by itself: where it is not for
// the asker, that is a denial, which the same in a share's target is not.
func (r *Resolver) group(ctx context.Context, thunk func() (*core.Group, error), id string) func() (schema.Node, error) {
	return func() (schema.Node, error) {
		if g, err := thunk(); g != nil || err != nil {
			return found(g, err)
		}
		return hidden(found(r.Services.Identity.Group(ctx, id)))
	}
}

// hidden makes of what may not be seen what is not there.
func hidden(noun schema.Node, err error) (schema.Node, error) {
	switch core.CodeOf(err) {
	case core.CodeNotFound, core.CodeForbidden:
		return nil, nil
	}
	return noun, err
}

func (r *Resolver) share(ctx context.Context, id string) (*core.Share, error) {
	dashboardID, _, _, ok := core.ParseShareID(id)
	if !ok {
		return nil, nil
	}
	shares, err := r.Services.Dashboards.Shares(ctx, dashboardID)
	for _, s := range shares {
		if s.ID() == id {
			return s, nil
		}
	}
	return nil, err
}

func (r *Resolver) nodes(ctx context.Context, ids []string) ([]schema.Node, error) {
	thunks := make([]func() (schema.Node, error), len(ids))
	for i, id := range ids {
		thunks[i] = r.node(ctx, id)
	}
	nodes := make([]schema.Node, len(ids))
	for i, thunk := range thunks {
		var err error
		if nodes[i], err = thunk(); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}
