package transform

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// Bounds of a transform.
const (
	maxInputs = 20
	maxAlias  = 100 // bytes
)

// identifier is what Python takes for a name, as far as people write one.
var identifier = regexp.MustCompile(`^[\p{L}_][\p{L}\p{Nd}_]*$`)

// check checks a whole transform and brings its texts into their stored form.
func check(t *core.Transform) (err error) {
	if t.Name, err = core.CheckName("input.name", t.Name); err != nil {
		return err
	}
	if t.OutputName, err = core.CheckName("input.outputName", cmp.Or(t.OutputName, t.Name)); err != nil {
		return err
	}
	if err = core.CheckText("input.description", t.Description, core.MaxDescription); err != nil {
		return err
	}
	if err = core.CheckCode("input.code", t.Code); err != nil {
		return err
	}
	if err = checkInputs(t.Inputs); err != nil {
		return err
	}
	if t.Params, err = core.CheckParams("input.params", t.Params); err != nil {
		return err
	}
	t.Schedule, err = checkSchedule("input.schedule", t.Schedule)
	return err
}

func inputField(i int, name string) string { return fmt.Sprintf("input.inputs.%d.%s", i, name) }

// checkInputs wants datasets without doubles, whose aliases are names of their own.
func checkInputs(inputs []core.TransformInput) error {
	if len(inputs) < 1 || len(inputs) > maxInputs {
		return core.Invalid("input.inputs", "out_of_range", "min", 1, "max", maxInputs)
	}
	for i, in := range inputs {
		if err := core.CheckID(inputField(i, "datasetId"), in.DatasetID, core.NounDataset); err != nil {
			return err
		}
		before := inputs[:i]
		if slices.ContainsFunc(before, func(b core.TransformInput) bool { return b.DatasetID == in.DatasetID }) {
			return core.Invalid(inputField(i, "datasetId"), "duplicate_item")
		}
		if in.Alias == "" {
			continue
		}
		if len(in.Alias) > maxAlias || !identifier.MatchString(in.Alias) || strings.HasPrefix(in.Alias, "ds_") {
			return core.Invalid(inputField(i, "alias"), "bad_alias")
		}
		if slices.ContainsFunc(before, func(b core.TransformInput) bool { return b.Alias == in.Alias }) {
			return core.Invalid(inputField(i, "alias"), "duplicate_item")
		}
	}
	return nil
}

// edit writes a change into the transform and checks the whole.
func edit(t *core.Transform, c Change) error {
	set(&t.Name, c.Name)
	set(&t.Description, c.Description)
	set(&t.Code, c.Code)
	set(&t.Params, c.Params)
	set(&t.OutputName, c.OutputName)
	set(&t.Schedule, c.Schedule)
	if c.Inputs != nil {
		t.Inputs = c.Inputs
	}
	return check(t)
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

// nextDue is when a schedule that was checked is due after the moment, zero for
// never.
func nextDue(s core.Schedule, after time.Time) time.Time {
	times, err := timesOf(s)
	if err != nil || times == nil {
		return time.Time{}
	}
	return times.next(after)
}
