package card_test

import (
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
)

var ten = 10.0

var declared = []core.CardParameter{
	{Name: "top", Type: core.ParameterInt, Default: "5", Max: &ten},
	{Name: "share", Type: core.ParameterFloat},
	{Name: "title", Type: core.ParameterText},
	{Name: "sorted", Type: core.ParameterBool, Default: "true"},
	{Name: "since", Type: core.ParameterDate, Default: "2026-01-01"},
	{Name: "地域", Type: core.ParameterChoice, Choices: []string{"関東", "関西"}},
}

// Viewers choose what the author declared, of the declared type, and nothing else.
func TestParametersAreChosen(t *testing.T) {
	w := newWorld(t)
	params, list := `{"fixed":1,"title":"売上"}`, declared
	if _, err := w.s.Update(w.As(w.owner), card.Change{ID: w.card.ID, Version: 1, Params: &params, Parameters: &list}); err != nil {
		t.Fatal(err)
	}
	w.executor.Card = func(r client.CardRequest) client.CardReply { return client.CardReply{HTML: string(r.Params)} }
	choose := func(chosen string) (*core.CardResult, error) {
		return w.s.Execute(w.As(w.viewer), card.ExecuteInput{CardID: w.card.ID, DashboardID: w.page.ID, Params: chosen, UseCache: true})
	}
	for _, c := range []struct{ chosen, want string }{
		{"", `{"fixed":1,"share":0,"since":"2026-01-01","sorted":true,"title":"売上","top":5,"地域":"関東"}`},
		{`{"top": 10, "地域": "関西", "title": "", "since": "2026-02-28", "share": 0.5, "sorted": false}`,
			`{"fixed":1,"share":0.5,"since":"2026-02-28","sorted":false,"title":"","top":10,"地域":"関西"}`},
	} {
		r, err := choose(c.chosen)
		if err != nil || r.HTML != c.want {
			t.Errorf("%s gave %+v, %v", c.chosen, r, err)
		}
	}
	again, err := choose(`{"地域": "関西", "top": 10, "title": "", "sorted": false, "since": "2026-02-28", "share": 0.5}`)
	if err != nil || !again.Cached {
		t.Errorf("the same choice is run twice: %v", err)
	}
	for chosen, reason := range map[string]string{
		`{"fixed": 2}`: "unknown_field", `{"top": 11}`: "out_of_range", `{"top": 1.5}`: "bad_value", `{"top": "1"}`: "bad_value", `{"top": 1e300}`: "bad_value",
		`{"地域": "東北"}`: "bad_choice", `{"since": "soon"}`: "bad_value", `{"sorted": 1}`: "bad_value", `{"title": null}`: "bad_value", `[1]`: "bad_value",
		`{"title": "` + strings.Repeat("x", 1001) + `"}`: "too_long",
	} {
		_, err := choose(chosen)
		accesstest.Code(t, chosen, err, core.CodeValidation, reason)
	}
}

func TestParametersAreChecked(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		list   []core.CardParameter
		reason string
	}{
		"no name":         {[]core.CardParameter{{Type: core.ParameterText}}, "required"},
		"no such type":    {[]core.CardParameter{{Name: "a", Type: "LIST"}}, "bad_choice"},
		"twice":           {[]core.CardParameter{{Name: "a", Type: core.ParameterText}, {Name: "a", Type: core.ParameterInt}}, "duplicate_item"},
		"no choices":      {[]core.CardParameter{{Name: "a", Type: core.ParameterChoice}}, "bad_value"},
		"choices of text": {[]core.CardParameter{{Name: "a", Type: core.ParameterText, Choices: []string{"a"}}}, "bad_value"},
		"bad default":     {[]core.CardParameter{{Name: "a", Type: core.ParameterInt, Default: "a"}}, "bad_value"},
		"default too big": {[]core.CardParameter{{Name: "a", Type: core.ParameterInt, Default: "11", Max: &ten}}, "out_of_range"},
		"too many":        {make([]core.CardParameter, 21), "too_many"},
	} {
		_, err := w.s.Create(w.As(w.owner), card.CreateInput{Name: "x", DatasetID: w.data.ID, Code: "x", Parameters: c.list})
		accesstest.Code(t, name, err, core.CodeValidation, c.reason)
	}
	made, err := w.s.Create(w.As(w.owner), card.CreateInput{Name: "x", DatasetID: w.data.ID, Code: "x", Parameters: declared})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := w.s.Card(w.As(w.owner), made.ID)
	if err != nil || len(kept.Parameters) != len(declared) || kept.Parameters[1].Default != "0" {
		t.Errorf("kept %+v, %v", kept, err)
	}
}
