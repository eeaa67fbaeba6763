package card

import (
	"context"
	"regexp"
	"slices"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// From here on a figure is what makes a run slow.
const (
	manyRows  = 200_000
	slowMS    = 3000
	slowShare = 0.5 // of the whole time
)

// Diagnosis is how a card's last runs went.
type Diagnosis struct {
	Runs      int // that were looked at
	Failures  int
	TimedOut  int
	RowsIn    int64   // of the newest run
	WaitMS    float64 // medians
	ReadMS    float64
	RunMS     float64
	SlowestMS float64 // the longest that the code took
	Cause     core.RunCause
	Newest    *core.CardRun // nil where there is none
}

// Diagnosis looks at the last runs of a card; for its owner and admins.
func (s *Service) Diagnosis(ctx context.Context, cardID string) (*Diagnosis, error) {
	c, err := s.Gate.RequireCard(ctx, "id", cardID, access.Manage)
	if err != nil {
		return nil, err
	}
	runs, err := s.runs(ctx, cardID, DefaultRuns)
	if err != nil {
		return nil, err
	}
	d := diagnose(runs)
	if len(runs) > 0 {
		d.Cause = causeOf(&runs[0], c.Code)
	}
	return d, nil
}

func diagnose(runs []core.CardRun) *Diagnosis {
	d := &Diagnosis{Runs: len(runs), Cause: core.RunCauseNone}
	if len(runs) == 0 {
		return d
	}
	d.Newest, d.RowsIn = &runs[0], runs[0].RowsIn
	var wait, read, run []float64
	for _, r := range runs {
		wait, read, run = append(wait, r.WaitMS), append(read, r.ReadMS), append(run, r.RunMS)
		if r.Code != "" {
			d.Failures++
		}
		if r.Code == core.CodeExecutionTimeout {
			d.TimedOut++
		}
	}
	d.WaitMS, d.ReadMS, d.RunMS, d.SlowestMS = median(wait), median(read), median(run), slices.Max(run)
	return d
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// endless finds a loop without an end in code: it can only be guessed at.
var endless = regexp.MustCompile(`(?m)^\s*while\s+(True|1|not\s+False)\s*:`)

// causeOf guesses why a run took as long as it did, or failed.
func causeOf(r *core.CardRun, code string) core.RunCause {
	whole := r.WaitMS + r.ReadMS + r.RunMS
	switch {
	case r.Code == core.CodeMemoryLimit:
		return core.RunCauseMemory
	case r.Code != "" && r.Code != core.CodeExecutionTimeout:
		return core.RunCauseMistake
	case r.Code == core.CodeExecutionTimeout && endless.MatchString(code):
		return core.RunCauseLoop
	case r.Code == "" && whole < slowMS:
		return core.RunCauseNone
	case r.WaitMS > whole*slowShare:
		return core.RunCausePlaces
	case r.RowsIn >= manyRows:
		return core.RunCauseData
	}
	return core.RunCauseCode
}
