package card

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// Bounds of a card's parameters.
const (
	maxParameters = 20
	maxChoices    = 100
	maxParamText  = 1000
	largest       = 1 << 53 // whole number that JSON carries exactly
)

var parameterTypes = []core.ParameterType{
	core.ParameterText, core.ParameterInt, core.ParameterFloat, core.ParameterBool, core.ParameterDate, core.ParameterChoice,
}

// checkParameters checks what a card lets its viewers choose, and fills in the
// defaults that are left out.
func checkParameters(list []core.CardParameter) error {
	if len(list) > maxParameters {
		return core.Invalid("input.parameters", "too_many", "max", maxParameters)
	}
	for i := range list {
		p, field := &list[i], fmt.Sprintf("input.parameters.%d", i)
		if err := checkParameter(field, p); err != nil {
			return err
		}
		if slices.ContainsFunc(list[:i], func(o core.CardParameter) bool { return o.Name == p.Name }) {
			return core.Invalid(field+".name", "duplicate_item")
		}
	}
	return nil
}

func checkParameter(field string, p *core.CardParameter) (err error) {
	if p.Name, err = core.CheckName(field+".name", p.Name); err != nil {
		return err
	}
	if err := core.CheckText(field+".label", p.Label, core.MaxName); err != nil {
		return err
	}
	if !slices.Contains(parameterTypes, p.Type) {
		return core.Invalid(field+".type", "bad_choice", "choices", "TEXT, INT, FLOAT, BOOL, DATE, CHOICE")
	}
	if (p.Type == core.ParameterChoice) != (len(p.Choices) > 0) {
		return core.Invalid(field+".choices", "bad_value")
	}
	if len(p.Choices) > maxChoices {
		return core.Invalid(field+".choices", "too_many", "max", maxChoices)
	}
	for i, choice := range p.Choices {
		if err := core.CheckText(fmt.Sprintf("%s.choices.%d", field, i), choice, core.MaxName); err != nil {
			return err
		}
	}
	if p.Min != nil && p.Max != nil && *p.Min > *p.Max {
		return core.Invalid(field+".min", "bad_value")
	}
	if p.Default == "" {
		p.Default = firstDefault(p)
	}
	return checkChoice(field+".default", p, valueOf(p))
}

// firstDefault is the default of a parameter that names none.
func firstDefault(p *core.CardParameter) string {
	switch p.Type {
	case core.ParameterInt, core.ParameterFloat:
		if p.Min != nil {
			return fmt.Sprint(*p.Min)
		}
		return "0"
	case core.ParameterBool:
		return "false"
	case core.ParameterDate:
		return "2000-01-01"
	case core.ParameterChoice:
		return p.Choices[0]
	}
	return ""
}

// valueOf is the default as render gets it.
func valueOf(p *core.CardParameter) json.RawMessage {
	switch p.Type {
	case core.ParameterInt, core.ParameterFloat, core.ParameterBool:
		return json.RawMessage(p.Default)
	}
	return json.RawMessage(literal(p.Default))
}

// checkChoice tells whether a value fits its parameter.
func checkChoice(field string, p *core.CardParameter, raw json.RawMessage) error {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return core.Invalid(field, "bad_value")
	}
	switch v := value.(type) {
	case string:
		return checkChosenText(field, p, v)
	case float64:
		whole := p.Type == core.ParameterInt && v == math.Trunc(v) && math.Abs(v) <= largest
		if !whole && p.Type != core.ParameterFloat {
			return core.Invalid(field, "bad_value")
		}
		if p.Min != nil && v < *p.Min || p.Max != nil && v > *p.Max {
			return core.Invalid(field, "out_of_range", "min", bound(p.Min, -largest), "max", bound(p.Max, largest))
		}
		return nil
	case bool:
		if p.Type == core.ParameterBool {
			return nil
		}
	}
	return core.Invalid(field, "bad_value")
}

func bound(b *float64, none float64) float64 {
	if b == nil {
		return none
	}
	return *b
}

func checkChosenText(field string, p *core.CardParameter, text string) error {
	switch p.Type {
	case core.ParameterText:
		return core.CheckText(field, text, maxParamText)
	case core.ParameterDate:
		if _, err := time.Parse(time.DateOnly, text); err == nil {
			return nil
		}
	case core.ParameterChoice:
		if slices.Contains(p.Choices, text) {
			return nil
		}
		return core.Invalid(field, "bad_choice", "choices", strings.Join(p.Choices, ", "))
	}
	return core.Invalid(field, "bad_value")
}

// withChoices are a card's params with the defaults of its parameters and, over
// them, what a viewer chose; nil where the card has no parameters. A viewer
// chooses what is declared and nothing else.
func withChoices(c *core.Card, chosen string) (json.RawMessage, error) {
	chosen, err := core.CheckParams("input.params", chosen)
	if err != nil {
		return nil, err
	}
	choices := map[string]json.RawMessage{}
	if chosen != "" {
		_ = json.Unmarshal([]byte(chosen), &choices) // an object, see CheckParams
	}
	for name := range choices {
		at := slices.IndexFunc(c.Parameters, func(p core.CardParameter) bool { return p.Name == name })
		if at < 0 {
			return nil, core.Invalid("input.params", "unknown_field")
		}
		if err := checkChoice("input.params", &c.Parameters[at], choices[name]); err != nil {
			return nil, err
		}
	}
	if len(c.Parameters) == 0 {
		return nil, nil
	}
	return merged(c, choices)
}

func merged(c *core.Card, choices map[string]json.RawMessage) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	for _, p := range c.Parameters {
		all[p.Name] = valueOf(&p)
	}
	if c.Params != "" {
		_ = json.Unmarshal([]byte(c.Params), &all) // an object, checked when it was saved
	}
	maps.Copy(all, choices)
	return json.Marshal(all) // sorted by name, so that equal choices have one key
}
