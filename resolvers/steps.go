package resolvers

import (
	"context"
	"errors"

	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
)

// What each subscription tells of an event: without data, as the beginning and a gap
// are, it is how things stand.

func importStep(job *core.ImportJob, e bus.Event) (step *core.ImportProgress, last bool, err error) {
	step = &core.ImportProgress{Status: job.Status, Stage: job.Stage, Progress: job.Progress, Events: job.Events}
	if len(e.Data) > 0 {
		if step, err = news[core.ImportProgress](e); err != nil {
			return nil, false, err
		}
	}
	step.Seq, step.JobID = e.Seq, job.ID
	return step, step.Status.Final(), nil
}

func (r *Resolver) executionStep(ctx context.Context, x *core.Execution, e bus.Event) (step *core.TransformExecutionUpdate, last bool, err error) {
	if len(e.Data) > 0 {
		step, err = news[core.TransformExecutionUpdate](e)
	} else {
		step = &core.TransformExecutionUpdate{Status: x.Status, Progress: x.Progress}
		step.Events, err = r.Services.Transforms.Events(ctx, x.ID, 0)
	}
	if err != nil {
		return nil, false, err
	}
	step.Seq, step.ExecutionID = e.Seq, x.ID
	return step, step.Status.Final(), nil
}

func dashboardStep(id string, e bus.Event) (step *core.DashboardChange, last bool, err error) {
	step = &core.DashboardChange{Kind: core.ChangeOpened}
	if len(e.Data) > 0 {
		if step, err = news[core.DashboardChange](e); err != nil {
			return nil, false, err
		}
	}
	step.Seq, step.DashboardID = e.Seq, id
	return step, false, nil
}

func (r *Resolver) presenceStep(dashboardID string, e bus.Event) (step *core.DashboardPresence, last bool, err error) {
	if !dashboard.SaysWho(e) {
		return nil, false, nil
	}
	return &core.DashboardPresence{Seq: e.Seq, DashboardID: dashboardID, UserIDs: r.Services.Presence.Who(dashboardID)}, false, nil
}

func noticeStep(e bus.Event) (step *core.ServiceNotice, last bool, err error) {
	step = &core.ServiceNotice{Kind: core.NewsOpened}
	if len(e.Data) > 0 {
		if step, err = news[core.ServiceNotice](e); err != nil {
			return nil, false, err
		}
	}
	step.Seq = e.Seq
	return step, false, nil
}

// at is an error at an argument of another name than the service knows.
func at(argument string, err error) error {
	problem, ok := errors.AsType[*core.Error](err)
	if !ok {
		return err
	}
	renamed := *problem
	renamed.Field = argument
	return &renamed
}

// missing takes what is gone meanwhile for nothing.
func missing(err error) error {
	if core.CodeOf(err) == core.CodeNotFound {
		return nil
	}
	return err
}
