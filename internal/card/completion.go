package card

import (
	"context"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// Completion is what an editor offers to somebody who writes a card.
type Completion struct {
	Columns   []CompletionColumn
	Functions []CompletionFunction
	Libraries []string // that can be imported
}

// CompletionColumn is a column as the code meets it.
type CompletionColumn struct {
	Column     core.Column
	Expression string // that gives it: dataset["売上"]
	DType      string // of pandas
}

// CompletionFunction is a function of the platform.
type CompletionFunction struct {
	Name        string
	Signature   string
	Description string // in the reader's language
}

var libraries = []string{"dateutil", "jinja2", "karuta", "matplotlib", "numpy", "pandas", "plotly", "pyarrow", "seaborn", "zoneinfo"}

var functions = []struct{ name, signature string }{
	{"render", "def render(dataset, filters, params)"},
	{"HTMLResult", "karuta.HTMLResult(html, used_columns=None, filter_applicable=True)"},
	{"to_html", "figure.to_html()"},
}

// Completion tells what code over the dataset can use; for its owner and admins.
func (s *Service) Completion(ctx context.Context, datasetID string) (*Completion, error) {
	d, err := s.Gate.RequireDataset(ctx, "datasetId", datasetID, access.Manage)
	if err != nil {
		return nil, err
	}
	c := &Completion{Libraries: libraries}
	for _, column := range d.Columns {
		c.Columns = append(c.Columns, CompletionColumn{Column: column, Expression: "dataset[" + literal(column.Name) + "]", DType: dtype(column)})
	}
	for _, f := range functions {
		c.Functions = append(c.Functions, CompletionFunction{f.name, f.signature, core.FunctionNote(core.ActorFrom(ctx).Locale, f.name)})
	}
	return c, nil
}

// dtype is the column's type in pandas, as the frame of a run has it.
func dtype(c core.Column) string {
	switch c.Type {
	case core.TypeInt64:
		if c.Nullable {
			return "float64"
		}
		return "int64"
	case core.TypeFloat64:
		return "float64"
	case core.TypeBool:
		if c.Nullable {
			return "object"
		}
		return "bool"
	case core.TypeDate:
		return "datetime64[s]"
	case core.TypeDatetime:
		if c.Zoned {
			return "datetime64[us, UTC]"
		}
		return "datetime64[us]"
	}
	return "str"
}
