package card

import (
	"context"
	"embed"
	"encoding/json"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// Template is code to begin a card with.
type Template struct {
	ID   string
	Name string // in the reader's language
	Code string
}

//go:embed templates/*.py
var templateFiles embed.FS

// templates are listed in the order in which people look for them. They draw
// with plotly.graph_objects, which takes a tenth of the time of plotly.express.
var templates = []string{"bar", "line", "stacked", "pie", "scatter", "histogram", "heatmap", "table", "pivot", "number"}

// Templates are the beginnings of cards. With a dataset that the actor may read
// as its owner or as an admin, its columns stand in the code; otherwise names
// that are to be replaced.
func (s *Service) Templates(ctx context.Context, datasetID string) ([]Template, error) {
	if _, err := s.Gate.RequireSignedIn(ctx); err != nil {
		return nil, err
	}
	var columns []core.Column
	if datasetID != "" {
		d, err := s.Gate.RequireDataset(ctx, "datasetId", datasetID, access.Manage)
		if err != nil {
			return nil, err
		}
		columns = d.Columns
	}
	names, list := columnNames(columns), make([]Template, len(templates))
	for i, id := range templates {
		code, err := templateFiles.ReadFile("templates/" + id + ".py")
		if err != nil {
			return nil, core.Internal("read template", err)
		}
		list[i] = Template{ID: id, Name: core.TemplateName(core.ActorFrom(ctx).Locale, id), Code: names.Replace(string(code))}
	}
	return list, nil
}

// columnNames puts columns that fit into a template: "@category@" and the like.
func columnNames(columns []core.Column) *strings.Replacer {
	text := func(taken string) string {
		return pick(columns, taken, "category", core.TypeString, core.TypeBool, core.TypeDate)
	}
	number := func(taken string) string { return pick(columns, taken, "value", core.TypeFloat64, core.TypeInt64) }
	category, value := text(""), number("")
	return strings.NewReplacer(
		`"@category@"`, literal(category), `"@series@"`, literal(text(category)),
		`"@value@"`, literal(value), `"@other@"`, literal(number(value)),
		`"@date@"`, literal(pick(columns, "", "date", core.TypeDate, core.TypeDatetime, core.TypeString, core.TypeInt64)),
	)
}

// pick is the first column of the first type that there is, which is not taken
// if that can be; a made-up name where none fits.
func pick(columns []core.Column, taken, none string, types ...core.ColumnType) string {
	found := none
	for _, t := range types {
		for _, c := range columns {
			if c.Type == t && c.Name != taken {
				return c.Name
			}
			if slices.Contains(types, c.Type) && found == none {
				found = c.Name
			}
		}
	}
	return found
}

// literal is a text as Python writes it.
func literal(text string) string {
	raw, _ := json.Marshal(text) // JSON's text is Python's, too
	return string(raw)
}
