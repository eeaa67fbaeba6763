package resolvers

import (
	"context"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/transform"
)

func transformFilter(f *transform.Filter) transform.Filter {
	if f == nil {
		return transform.Filter{}
	}
	return *f
}

// executionError says in the reader's language why a run failed; nil where it did not.
func executionError(ctx context.Context, p *core.RunProblem) *graph.ExecutionError {
	if p == nil {
		return nil
	}
	return &graph.ExecutionError{
		Code:      p.Code,
		Message:   core.Sentence(core.ActorFrom(ctx).Locale, &core.Error{Code: p.Code, Reason: p.Reason, Args: p.Args}),
		Traceback: p.Traceback,
	}
}

// skipReason says in the reader's language why a due time had no run; nil where it had.
func skipReason(ctx context.Context, r core.SkipReason) *string {
	return only(r != "", r.Sentence(core.ActorFrom(ctx).Locale))
}

// only is the value under the condition, nil otherwise.
func only[T any](when bool, value T) *T {
	if !when {
		return nil
	}
	return &value
}

// written is what is known of the version that a run wrote, nil where there is none.
func written[T any](x *core.Execution, value T) *T { return only(x.OutputVer != 0, value) }

// duration is how long the work of a run took, nil until it has ended.
func duration(x *core.Execution) *int64 {
	return only(!x.FinishedAt.IsZero() && !x.StartedAt.IsZero(), x.FinishedAt.Sub(x.StartedAt).Milliseconds())
}

func executorHealth(d *transform.Diagnosis) *graph.TransformExecutorHealth {
	return &graph.TransformExecutorHealth{
		Answers: d.ExecutorAnswers, Problem: optional(d.ExecutorProblem), Running: d.ExecutorsRunning, Queued: d.ExecutorsQueued,
	}
}

func adviceItems(ctx context.Context, all []core.TransformAdvice) []graph.TransformAdviceItem {
	items := make([]graph.TransformAdviceItem, len(all))
	for i, a := range all {
		items[i] = graph.TransformAdviceItem{Kind: a, Sentence: a.Sentence(core.ActorFrom(ctx).Locale)}
	}
	return items
}
