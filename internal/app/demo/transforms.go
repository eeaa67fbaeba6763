package demo

import (
	"context"
	_ "embed" // the code of the transform
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/transform"
)

//go:embed transforms/co2_and_temperature.py
var yearlyCode string

const yearlyName = "年ごとのCO₂と気温"

// makeTransform makes a transform of the administrator's over two datasets, with a
// schedule to be switched on, and runs it once. A machine that cannot run Python
// has a demo all the same, and the transform's history says why there is no result.
func (b *builder) makeTransform(ctx context.Context) error {
	ctx = b.as(ctx, admin)
	page, err := b.Transforms.Transforms(ctx, transform.Filter{}, false, everything)
	if err != nil {
		return err
	}
	t, ok := named(page.Nodes, yearlyName, func(t *core.Transform) string { return t.Name })
	if !ok {
		if t, err = b.Transforms.Create(ctx, b.yearly()); err != nil {
			return err
		}
	}
	runs, err := b.Transforms.Executions(ctx, t.ID, core.PageArgs{First: 1})
	if err != nil || len(runs.Nodes) > 0 {
		return err
	}
	x, err := b.Transforms.Execute(ctx, transform.ExecuteInput{ID: t.ID})
	if err != nil {
		return err
	}
	return b.awaitRun(ctx, x.ID)
}

func (b *builder) yearly() transform.CreateInput {
	return transform.CreateInput{
		Name: yearlyName, Description: "大気中のCO₂の月ごとの値を年ごとにまとめ、世界の気温と並べます", Code: yearlyCode, OutputName: yearlyName,
		Inputs: []core.TransformInput{
			{DatasetID: b.datasets["co2"], Alias: "co2"}, {DatasetID: b.datasets["global_temperature"], Alias: "temperature"},
		},
		Schedule: core.Schedule{Cron: "0 6 1 * *"},
	}
}

// awaitRun waits until a run is over, however it ends.
func (b *builder) awaitRun(ctx context.Context, id string) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		x, err := b.Transforms.Execution(ctx, id)
		if err != nil || x.Status.Final() {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}
