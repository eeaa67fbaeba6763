package dataset

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Bounds of the policies of a dataset.
const (
	maxPolicies   = 20
	maxTargets    = 50
	maxPolicyText = 100 << 10 // bytes of all of them, so that the dataset has room to grow
	maxValuesHeld = 5000      // in all of them, half of what a query takes: the rest is for attributes
)

// changePolicy writes what a change gives into the policy, the rows apart.
func changePolicy(p *core.Policy, c PolicyChange) {
	if c.Name != nil {
		p.Name = *c.Name
	}
	if c.Targets != nil {
		p.Targets = c.Targets
	}
	if c.Hidden != nil {
		p.Hidden = c.Hidden
	}
	if c.Masked != nil {
		p.Masked = c.Masked
	}
	p.UpdatedAt = store.Now()
}

func policyAt(d *core.Dataset, id string) (int, error) {
	if err := core.CheckID("input.id", id, core.NounPolicy); err != nil {
		return 0, err
	}
	at := slices.IndexFunc(d.Policies, func(p core.Policy) bool { return p.ID == id })
	if at < 0 {
		return 0, core.NotFound("input.id")
	}
	return at, nil
}

func targetField(i int) string { return fmt.Sprintf("input.targets.%d.id", i) }

func checkTargets(targets []core.Target) error {
	if len(targets) > maxTargets {
		return core.Invalid("input.targets", "too_many", "max", maxTargets)
	}
	for i, t := range targets {
		noun := core.NounUser
		switch t.Type {
		case core.TargetUser:
		case core.TargetGroup:
			noun = core.NounGroup
		default:
			return core.Invalid(fmt.Sprintf("input.targets.%d.type", i), "bad_choice", "choices", "USER, GROUP")
		}
		if err := core.CheckID(targetField(i), t.ID, noun); err != nil {
			return err
		}
		if slices.Contains(targets[:i], t) {
			return core.Invalid(targetField(i), "duplicate_item")
		}
	}
	return nil
}

func idsOf(targets []core.Target, kind core.TargetType) (ids []string) {
	for _, t := range targets {
		if t.Type == kind {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// checkCells checks what a policy hides and masks: columns that are there, each once.
func checkCells(d *core.Dataset, p *core.Policy) error {
	if len(p.Hidden) > maxColumns {
		return core.Invalid("input.hidden", "too_many", "max", maxColumns)
	}
	if len(p.Masked) > maxColumns {
		return core.Invalid("input.masked", "too_many", "max", maxColumns)
	}
	named := map[string]bool{}
	for i, name := range p.Hidden {
		if err := checkCell(d, named, fmt.Sprintf("input.hidden.%d", i), name); err != nil {
			return err
		}
	}
	for i, m := range p.Masked {
		if err := checkCell(d, named, fmt.Sprintf("input.masked.%d.column", i), m.Column); err != nil {
			return err
		}
		if !slices.Contains([]core.Mask{core.MaskEmail, core.MaskPhone, core.MaskName, core.MaskAll}, m.Mask) {
			return core.Invalid(fmt.Sprintf("input.masked.%d.mask", i), "bad_choice", "choices", "EMAIL, PHONE, NAME, ALL")
		}
	}
	return nil
}

func checkCell(d *core.Dataset, named map[string]bool, field, name string) error {
	if _, ok := d.Column(name); !ok {
		return core.UnknownColumn(field, name)
	}
	if named[name] {
		return core.Invalid(field, "duplicate_item")
	}
	named[name] = true
	return nil
}

// checkPolicies bounds all policies of a dataset together.
func checkPolicies(d *core.Dataset) error {
	raw, err := json.Marshal(d.Policies)
	if err != nil {
		return core.Internal("size of policies", err)
	}
	held := 0
	for _, p := range d.Policies {
		if p.Rows != nil {
			held += valuesIn(*p.Rows)
		}
	}
	if len(raw) > maxPolicyText || held > maxValuesHeld {
		return core.Invalid("input", "request_too_large")
	}
	return nil
}

func valuesIn(c core.RowCondition) int {
	n := len(c.Values)
	for _, arg := range c.Args {
		n += valuesIn(arg)
	}
	return n
}
