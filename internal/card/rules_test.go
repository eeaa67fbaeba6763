package card

import (
	"errors"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

func TestCheck(t *testing.T) { // CD-1, CD-5
	ok := core.Card{Name: "n", DatasetID: core.NewID(core.NounDataset), Code: "def render(d, f, p):\n\treturn '売上'"}
	cases := map[string]struct {
		change        func(c *core.Card)
		field, reason string
	}{
		"as it should be":  {func(*core.Card) {}, "", ""},
		"unknown kind":     {func(c *core.Card) { c.Kind = "HTML" }, "input.kind", "bad_choice"},
		"no name":          {func(c *core.Card) { c.Name = " " }, "input.name", "required"},
		"long description": {func(c *core.Card) { c.Description = strings.Repeat("x", core.MaxDescription+1) }, "input.description", "too_long"},
		"no code":          {func(c *core.Card) { c.Code = "\n" }, "input.code", "required"},
		"longest code":     {func(c *core.Card) { c.Code = strings.Repeat("x", core.MaxCode) }, "", ""},
		"too long code":    {func(c *core.Card) { c.Code = strings.Repeat("x", core.MaxCode+1) }, "input.code", "too_large"},
		"too many bytes":   {func(c *core.Card) { c.Code = strings.Repeat("あ", core.MaxCode/3+1) }, "input.code", "too_large"},
		"NUL in code":      {func(c *core.Card) { c.Code = "a\x00" }, "input.code", "control_characters"},
		"params list":      {func(c *core.Card) { c.Params = "[]" }, "input.params", "bad_value"},
		"params null":      {func(c *core.Card) { c.Params = "null" }, "input.params", "bad_value"},
		"params broken":    {func(c *core.Card) { c.Params = `{"a":` }, "input.params", "bad_value"},
		"params twice":     {func(c *core.Card) { c.Params = `{} {}` }, "input.params", "bad_value"},
		"params too long":  {func(c *core.Card) { c.Params = `{"a":"` + strings.Repeat("x", core.MaxParams) + `"}` }, "input.params", "too_large"},
		"text with data":   {func(c *core.Card) { c.Kind = core.CardText }, "input.datasetId", "bad_value"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			card := ok
			c.change(&card)
			e, _ := errors.AsType[*core.Error](check(&card))
			if c.reason == "" && e != nil || c.reason != "" && (e == nil || e.Field != c.field || e.Reason != c.reason) {
				t.Errorf("got %v, want %s at %s", e, c.reason, c.field)
			}
		})
	}
}

func TestParamsAreKeptShort(t *testing.T) { // CD-1
	for in, want := range map[string]string{"": "", " {} ": "", "{ \"a\" : [1, \"二\"] }": `{"a":[1,"二"]}`} {
		if got, err := core.CheckParams("input.params", in); err != nil || got != want {
			t.Errorf("CheckParams(%q) = %q, %v", in, got, err)
		}
	}
}

func TestClean(t *testing.T) { // CD-1
	for in, want := range map[string]string{
		`<h1>売上</h1><p>a <b>b</b></p>`:                    `<h1>売上</h1><p>a <b>b</b></p>`,
		`<script>alert(1)</script>x`:                      `x`,
		`<p onclick="x()">p</p>`:                          `<p>p</p>`,
		`<a href="javascript:alert(1)">l</a>`:             `l`,
		`<iframe src="https://example.com"></iframe>`:     ``,
		`<style>p{color:red}</style><p style="x:y">p</p>`: `<p>p</p>`,
		`<form action="/x"><input name="a"></form>`:       ``,
		`<svg onload="x()"><circle/></svg>`:               ``,
		`<base href="https://example.com/"><p>p</p>`:      `<p>p</p>`,
		`<meta http-equiv="refresh" content="0;url=x">t`:  `t`,
		`<object data="x"></object><embed src="x">t`:      `t`,
		`<table><tr><td>1</td></tr></table>`:              `<table><tr><td>1</td></tr></table>`,
		`<img src="data:image/png;base64,iVBORw0KGgo=">`:  `<img src="data:image/png;base64,iVBORw0KGgo=">`,
		`<img src="https://example.com/p.png">`:           `<img src="">`,
		`<img src="//example.com/p.png">`:                 `<img src="">`,
		`<img src="data:text/html;base64,AAAA">`:          ``,
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestDocument(t *testing.T) { // CD-7
	if got := string(document("<p>x</p>")); strings.Contains(got, PlotlyPath) || !strings.Contains(got, "<body><p>x</p></body>") {
		t.Error(got)
	}
	if got := string(document("<script>Plotly.newPlot()</script>")); strings.Count(got, PlotlyPath) != 1 {
		t.Error(got)
	}
}
