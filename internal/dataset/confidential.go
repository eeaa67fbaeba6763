package dataset

import (
	"context"
	"fmt"
	"slices"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// ColumnClass is the class that somebody gives a column of an import.
type ColumnClass struct {
	Column string
	Class  core.PIIClass
}

func checkClasses(list []ColumnClass) error {
	if len(list) > maxColumns {
		return core.Invalid("input.classes", "too_many", "max", maxColumns)
	}
	for i, c := range list {
		field := fmt.Sprintf("input.classes.%d", i)
		if err := core.CheckText(field+".column", c.Column, maxColumnName); err != nil {
			return err
		}
		if err := checkClass(field+".class", c.Class); err != nil {
			return err
		}
	}
	return nil
}

func checkClass(field string, class core.PIIClass) error {
	if !slices.Contains(classes, class) {
		return core.Invalid(field, "bad_choice", "choices", "NONE, DIRECT, INDIRECT, CONFIDENTIAL")
	}
	return nil
}

// decide adds decisions to those that were taken before; what is said last of a
// column holds.
func decide(before []core.ColumnDecision, classes []ColumnClass, approved bool) []core.ColumnDecision {
	decisions := slices.Clone(before)
	for _, c := range classes {
		decisions = slices.DeleteFunc(decisions, func(d core.ColumnDecision) bool { return d.Column == c.Column })
		decisions = append(decisions, core.ColumnDecision{Column: c.Column, Class: c.Class, Approved: approved})
	}
	return decisions
}

func decisionOn(column string, decisions []core.ColumnDecision) core.ColumnDecision {
	at := slices.IndexFunc(decisions, func(d core.ColumnDecision) bool { return d.Column == column })
	if at < 0 {
		return core.ColumnDecision{}
	}
	return decisions[at]
}

// decided are the columns with the classes that were decided on. What was found
// to be confidential stays that unless an administrator says otherwise.
func decided(columns []core.Column, decisions []core.ColumnDecision) []core.Column {
	out := slices.Clone(columns)
	for i, c := range out {
		d := decisionOn(c.Name, decisions)
		if d.Class != "" && (d.Approved || !lowers(c, d.Class)) {
			out[i].Class = d.Class
		}
	}
	return out
}

// lowers tells whether a class would open a column that was found to be confidential.
func lowers(c core.Column, class core.PIIClass) bool {
	return c.Proposed.Class == core.ClassConfidential && class != core.ClassConfidential
}

// undecided are the columns that are confidential by what was found or by what is
// said of them now, and that nobody has decided on who may. Known are the columns
// as they were before, where there were any.
func undecided(columns, known []core.Column, decisions []core.ColumnDecision) (blocked []core.Column) {
	for _, c := range columns {
		before, _ := core.ColumnNamed(known, c.Name)
		d := decisionOn(c.Name, decisions)
		settled := before.Class == core.ClassConfidential || before.Class != "" && before.Proposed.Class == core.ClassConfidential
		if !settled && !d.Approved && core.Stricter(c.Proposed.Class, d.Class) == core.ClassConfidential {
			blocked = append(blocked, c)
		}
	}
	return blocked
}

// questions are what has to be decided before a version is published.
type questions struct {
	blocked []core.Column // that are confidential
	changed bool          // columns that somebody may depend on
}

func (s *Service) openQuestions(ctx context.Context, job *core.ImportJob, done *client.ImportDone) (q questions, err error) {
	if job.Kind == core.ImportNew {
		return questions{blocked: undecided(done.Columns, nil, job.Decisions)}, nil
	}
	d, err := s.goal(ctx, job)
	if err != nil {
		return q, err
	}
	bare := slices.Clone(done.Columns)
	for i := range bare {
		bare[i].Proposed = core.Proposal{}
	}
	known, err := s.described(ctx, d, bare)
	if err != nil {
		return q, err
	}
	q.blocked = undecided(done.Columns, known, job.Decisions)
	if job.Kind == core.ImportAppend {
		_, err = mergeColumns(d.Columns, done.Columns)
		return q, err
	}
	q.changed = len(schemaChanges(d.Columns, done.Columns)) > 0
	return q, nil
}

// blocked tells whether the job's version waits for a decision on confidential columns.
func blocked(job *core.ImportJob) bool { return job.Staged != nil && len(job.Staged.Blocked) > 0 }

func confidentialClass(field string) error {
	e := core.Forbidden("confidential_class")
	e.Field = field
	return e
}
