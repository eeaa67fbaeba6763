package card

import (
	"net/url"

	"github.com/microcosm-cc/bluemonday"

	"github.com/karuta-bi/karuta/internal/core"
)

// check checks a whole card and brings its texts into their stored form.
func check(c *core.Card) (err error) {
	if c.Kind == "" {
		c.Kind = core.CardCode
	}
	if c.Kind != core.CardCode && c.Kind != core.CardText {
		return core.Invalid("input.kind", "bad_choice", "choices", "CODE, TEXT")
	}
	if c.Name, err = core.CheckName("input.name", c.Name); err != nil {
		return err
	}
	if err = core.CheckText("input.description", c.Description, core.MaxDescription); err != nil {
		return err
	}
	if c.Kind == core.CardText && c.DatasetID != "" {
		return core.Invalid("input.datasetId", "bad_value")
	}
	if err = core.CheckCode("input.code", c.Code); err != nil {
		return err
	}
	if c.Kind == core.CardText {
		c.Code = clean(c.Code)
	}
	if c.Params, err = core.CheckParams("input.params", c.Params); err != nil {
		return err
	}
	return checkParameters(c.Parameters)
}

// edit writes a change into the card and checks the whole.
func edit(c *core.Card, change Change) error {
	set(&c.Name, change.Name)
	set(&c.Description, change.Description)
	set(&c.DatasetID, change.DatasetID)
	set(&c.Code, change.Code)
	set(&c.Params, change.Params)
	set(&c.Parameters, change.Parameters)
	set(&c.IgnoresFilters, change.IgnoresFilters)
	return check(c)
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

// policy is what a text card may hold: formatted text, tables, links, and
// pictures that are part of it. It is safe for concurrent use.
var policy = func() *bluemonday.Policy {
	p := bluemonday.UGCPolicy()
	p.AllowDataURIImages()
	p.RewriteSrc(func(u *url.URL) {
		if u.Scheme != "data" {
			*u = url.URL{}
		}
	})
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
}()

// clean takes everything out of a text card's HTML that could act or load.
func clean(html string) string { return policy.Sanitize(html) }
