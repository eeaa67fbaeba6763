package store

import (
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

func writeDashboard(d *core.Dashboard) table.Item {
	it := table.Item{
		"dashboard_id": d.ID, "name": d.Name, "owner_id": d.OwnerID, "version": d.Version,
		"layout": map[string]any{
			"cards": writePlacements(d.Cards), "columns": int64(core.GridColumns), "row_height": int64(core.GridRowHeight),
		},
	}
	if len(d.Filters) > 0 {
		it["filters"] = writeFilters(d.Filters)
	}
	putStr(it, "description", d.Description)
	putTime(it, "created_at", d.CreatedAt)
	putTime(it, "updated_at", d.UpdatedAt)
	return it
}

func readDashboard(it table.Item) *core.Dashboard {
	layout, _ := it["layout"].(map[string]any)
	return &core.Dashboard{
		ID: it.Str("dashboard_id"), Name: it.Str("name"), Description: it.Str("description"),
		Cards: readPlacements(layout["cards"]), Filters: readFilters(it["filters"]),
		OwnerID: it.Str("owner_id"), Version: it.Int("version"),
		CreatedAt: getTime(it, "created_at"), UpdatedAt: getTime(it, "updated_at"),
	}
}

func writePlacements(ps []core.Placement) []any {
	out := make([]any, len(ps))
	for i, p := range ps {
		m := table.Item{"card_id": p.CardID, "x": int64(p.X), "y": int64(p.Y), "w": int64(p.W), "h": int64(p.H)}
		putStrings(m, "grants", p.Grants)
		out[i] = map[string]any(m)
	}
	return out
}

func readPlacements(v any) []core.Placement {
	list, _ := v.([]any)
	ps := make([]core.Placement, 0, len(list))
	for _, e := range list {
		raw, _ := e.(map[string]any)
		m := table.Item(raw)
		ps = append(ps, core.Placement{CardID: m.Str("card_id"),
			X: int(m.Int("x")), Y: int(m.Int("y")), W: int(m.Int("w")), H: int(m.Int("h")), Grants: m.Strings("grants")})
	}
	return ps
}

func writeFilters(fs []core.Filter) []any {
	out := make([]any, len(fs))
	for i, f := range fs {
		m := table.Item{
			"id": f.ID, "type": strings.ToLower(string(f.Type)), "column": f.Column, "label": f.Label, "multi_select": f.MultiSelect,
		}
		putStrings(m, "options", f.Options)
		out[i] = map[string]any(m)
	}
	return out
}

func readFilters(v any) []core.Filter {
	list, _ := v.([]any)
	fs := make([]core.Filter, 0, len(list))
	for _, e := range list {
		raw, _ := e.(map[string]any)
		m := table.Item(raw)
		fs = append(fs, core.Filter{ID: m.Str("id"), Type: core.FilterType(strings.ToUpper(m.Str("type"))),
			Column: m.Str("column"), Label: m.Str("label"), MultiSelect: m.Bool("multi_select"), Options: m.Strings("options")})
	}
	return fs
}
