package client

import (
	"slices"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

func TestNamedColumns(t *testing.T) {
	var columns []core.Column
	for _, name := range []string{"amount", "a", "sales_1", "sales_10", "売上", "unit price", "%", "day"} {
		columns = append(columns, core.Column{Name: name})
	}
	for code, want := range map[string][]string{
		"return len(dataset)":                             {},
		"dataset['amount']":                               {"amount"},
		"dataset.amount.sum()":                            {"amount"},
		"amounts = amount_of(today)":                      {},
		"amounts, dataset.query('amount > 1')":            {"amount"},
		"dataset['sales_10']":                             {"sales_10"},
		"f'{dataset[\"sales_1\"]}'":                       {"sales_1"},
		"dataset[['売上', 'unit price']]":                   {"売上", "unit price"},
		"売上高":                                             {},
		"5 % 3":                                           {"%"},
		"# a day\ndataset.groupby(dataset['day'].dt.day)": {"a", "day"},
	} {
		if got := NamedColumns(code, columns); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
	if got := NamedColumns("any ''", []core.Column{{Name: ""}}); len(got) > 0 {
		t.Errorf("a name of nothing: %q", got)
	}
}
