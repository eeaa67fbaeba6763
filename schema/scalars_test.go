package schema_test

import (
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/schema"
)

// API-8: a moment without a zone is Japanese time.
func TestTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-02-01T09:30:00+09:00":     "2026-02-01T00:30:00Z",
		"2026-02-01T09:30:00.123456Z":   "2026-02-01T09:30:00.123456Z",
		"2026-02-01T09:30:00":           "2026-02-01T00:30:00Z",
		"2026-02-01":                    "2026-01-31T15:00:00Z",
		"2026-02-01 09:30:00":           "2026-02-01T00:30:00Z",
		"":                              "",
		"yesterday":                     "",
		"2026-02-30":                    "",
		"2026-02-01T25:00:00Z":          "",
		"0000-01-01":                    "",
		strings.Repeat("2026-02-01", 9): "",
	} {
		got, err := schema.ParseTime(text)
		if want == "" {
			if core.CodeOf(err) != core.CodeValidation {
				t.Errorf("%q: %v %v", text, got, err)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
}

func written(m graphql.Marshaler) string {
	var b strings.Builder
	m.MarshalGQL(&b)
	return b.String()
}

func TestScalarsAsWritten(t *testing.T) {
	at := time.Date(2026, 2, 1, 9, 30, 0, 5e6, time.FixedZone("", 9*3600))
	for got, want := range map[string]string{
		written(schema.MarshalTime(at)):             `"2026-02-01T00:30:00.005Z"`,
		written(schema.MarshalTime(time.Time{})):    "null",
		written(schema.MarshalJSON("")):             "{}",
		written(schema.MarshalJSON(`{"a":[1]}`)):    `{"a":[1]}`,
		written(schema.MarshalRole("")):             "null",
		written(schema.MarshalRole(core.RoleAdmin)): `"ADMIN"`,
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestScalarsAsRead(t *testing.T) {
	if text, err := schema.UnmarshalJSON(map[string]any{"b": 1, "a": "<>"}); err != nil || text != `{"a":"\u003c\u003e","b":1}` {
		t.Error(text, err)
	}
	for _, v := range []any{"{}", []any{}, 1, true} {
		if _, err := schema.UnmarshalJSON(v); core.CodeOf(err) != core.CodeValidation {
			t.Errorf("JSON takes %v", v)
		}
		if _, err := schema.UnmarshalUpload(v); core.CodeOf(err) != core.CodeValidation {
			t.Errorf("Upload takes %v", v)
		}
	}
	if _, err := schema.UnmarshalTime(12); core.CodeOf(err) != core.CodeValidation {
		t.Error("Time takes a number")
	}
}

func TestConnectionOfAPage(t *testing.T) {
	page := core.Page[int]{Nodes: []int{7, 8}, Cursors: []string{"a", "b"}, HasNext: true}
	c := schema.NewConnection(core.PageArgs{After: "x"}, page)
	if e := c.Edges(); len(e) != 2 || e[1].Node != 8 || e[1].Cursor != "b" || *c.PageInfo.EndCursor != "b" || *c.PageInfo.StartCursor != "a" ||
		!c.PageInfo.HasNextPage || !c.PageInfo.HasPreviousPage {
		t.Errorf("%+v %+v", e, c.PageInfo)
	}
	if c := schema.NewConnection(core.PageArgs{}, core.Page[int]{}); len(c.Edges()) != 0 || c.PageInfo.EndCursor != nil || c.PageInfo.HasPreviousPage {
		t.Errorf("%+v", c.PageInfo)
	}
}
