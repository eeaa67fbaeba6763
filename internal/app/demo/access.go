package demo

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
	"github.com/karuta-bi/karuta/internal/dataset"
)

// makeAccess narrows what the reader sees and leaves something to decide for the
// author: a classed column, a policy, a filter view to begin with and a request.
func (b *builder) makeAccess(ctx context.Context) error {
	for _, step := range []func(context.Context) error{b.classColumn, b.makePolicy, b.makeView, b.makeRequest} {
		if err := step(b.as(ctx, editor)); err != nil {
			return err
		}
	}
	return nil
}

// classColumn makes what the damage cost readable to few.
func (b *builder) classColumn(ctx context.Context) error {
	d, err := b.Datasets.Dataset(ctx, b.datasets["bird_strikes"])
	if err != nil {
		return err
	}
	cost, ok := named(d.Columns, "cost_usd", func(c core.Column) string { return c.Name })
	if ok && cost.Class == core.ClassConfidential {
		return nil
	}
	class := core.ClassConfidential
	change := dataset.Change{ID: d.ID, Version: d.Version, Columns: []dataset.ColumnChange{{Name: "cost_usd", Class: &class}}}
	_, err = b.Datasets.Update(ctx, change)
	return err
}

const policyName = "担当の地方だけ (your regions only)"

// makePolicy shows everybody the regions that they work for.
func (b *builder) makePolicy(ctx context.Context) error {
	d, err := b.Datasets.Dataset(ctx, b.datasets["census_japan"])
	if err != nil {
		return err
	}
	if _, ok := named(d.Policies, policyName, func(p core.Policy) string { return p.Name }); ok {
		return nil
	}
	column, attribute := "地方", "region"
	_, _, err = b.Datasets.CreatePolicy(ctx, dataset.PolicyInput{
		DatasetID: d.ID, Version: d.Version, Name: policyName, Rows: &dataset.Condition{Column: &column, Attribute: &attribute},
	})
	return err
}

const viewName = "February 2001"

// makeView makes the filter view that the flights begin with.
func (b *builder) makeView(ctx context.Context) error {
	id := b.dashboards["Flights and birds"]
	views, err := b.Dashboards.FilterViews(ctx, id, everything)
	if err != nil {
		return err
	}
	view, ok := named(views.Nodes, viewName, func(v *core.FilterView) string { return v.Name })
	if !ok {
		february := []core.FilterValue{{Column: "departed_at", From: "2001-02-01", To: "2001-02-28"}}
		view, err = b.Dashboards.CreateFilterView(ctx, dashboard.ViewInput{DashboardID: id, Name: viewName, Filters: february, Shared: true})
		if err != nil {
			return err
		}
	}
	_, err = b.Dashboards.SetDefaultFilterView(ctx, dashboard.DefaultInput{DashboardID: id, ViewID: &view.ID, Scope: core.ScopeEverybody})
	return err
}

// makeRequest lets the reader ask the author for more.
func (b *builder) makeRequest(ctx context.Context) error {
	return b.Dashboards.RequestAccess(b.as(ctx, viewer), dashboard.RequestInput{
		DashboardID: b.dashboards["Flights and birds"], Permission: core.PermissionEditor,
		Message: "遅延の多い便の表を加えたいので、編集できるようにしてもらえますか。",
	})
}
