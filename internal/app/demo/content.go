package demo

import "github.com/karuta-bi/karuta/internal/core"

// table is a dataset to import from data/<file>.csv.gz.
type table struct {
	file        string
	owner       Account
	name        string
	description string
}

var tables = []table{
	{"census_japan", editor, "国勢調査 都道府県別人口", "2010年、2015年、2020年の国勢調査。出典: 総務省統計局「国勢調査」、国土地理院「全国都道府県市区町村別面積調」"},
	{"flights", editor, "Flights 2001 Q1", "20,000 US domestic flights, January to March 2001. Source: US Bureau of Transportation Statistics"},
	{"bird_strikes", editor, "Bird strikes", "Collisions of aircraft with birds in the USA, 1995 to 2002. Source: FAA Wildlife Strike Database"},
	{"co2", admin, "CO₂ at Mauna Loa", "Monthly means in ppm since 1958. Source: Scripps CO2 Program, CC BY 4.0"},
	{"global_temperature", admin, "Global temperature", "Yearly anomaly against 1951–1980. Source: NASA GISS"},
	{"health_and_income", admin, "Health and income", "187 countries. Source: Gapminder, CC BY 4.0"},
	{"life_expectancy", admin, "Life expectancy", "62 countries, every five years from 1955 to 2005. Source: Gapminder, CC BY 4.0"},
}

// picture is a card from cards/<file>.py over a dataset, or the note
// cards/<file>.html where there is no dataset. It lies on its board at x, y
// with a width of w and a height of h.
type picture struct {
	file       string
	dataset    string
	name       string
	x, y, w, h int
}

// board is a dashboard: who owns it, what lies on it and who else may see it.
type board struct {
	owner       Account
	name        string
	description string
	filters     []core.Filter
	pictures    []picture
	share       share
}

// share is given to the group where with is nobody's address.
type share struct {
	with       Account
	permission core.Permission
}

var everybody = Account{}

var boards = []board{
	{
		owner: editor, name: "日本の人口 2010–2020",
		description: "三回の国勢調査から見た都道府県の人口",
		filters: []core.Filter{
			category("地方", "地方"),
			dates("調査日", "調査日"),
		},
		pictures: []picture{
			{"census_tile_map", "census_japan", "人口の増減率", 0, 0, 7, 6},
			{"census_change", "census_japan", "増えた県、減った県", 7, 0, 5, 6},
			{"census_treemap", "census_japan", "どこに何人住んでいるか", 0, 6, 8, 5},
			{"census_table", "census_japan", "地方別の人口", 8, 6, 4, 5},
			{"census_note", "", "このデータについて", 0, 11, 12, 2},
		},
		share: share{everybody, core.PermissionViewer},
	},
	{
		owner: editor, name: "Flights and birds",
		description: "When and where flights leave late, and what they meet in the air",
		filters: []core.Filter{
			category("origin", "Airport"),
			dates("departed_at", "Departure"),
			category("state", "State (bird strikes)"),
		},
		pictures: []picture{
			{"flights_heatmap", "flights", "When flights leave late", 0, 0, 7, 5},
			{"flights_airports", "flights", "Late departures by airport", 7, 0, 5, 5},
			{"flights_distance", "flights", "Do longer flights lose more time?", 0, 5, 6, 5},
			{"bird_strikes", "bird_strikes", "Bird strikes by phase of flight", 6, 5, 6, 5},
			{"flights_note", "", "About these data", 0, 10, 12, 2},
		},
		share: share{viewer, core.PermissionViewer},
	},
	{
		owner: admin, name: "Climate and the world",
		description: "Carbon dioxide, warmth, health and income",
		filters: []core.Filter{
			category("region", "Region"),
			dates("date", "CO₂ 観測月"),
		},
		pictures: []picture{
			{"co2_curve", "co2", "大気中の二酸化炭素", 0, 0, 6, 5},
			{"warming_stripes", "global_temperature", "The Earth's temperature", 6, 0, 6, 5},
			{"health_and_income", "health_and_income", "Richer is healthier", 0, 5, 7, 5},
			{"life_expectancy", "life_expectancy", "Life expectancy", 7, 5, 5, 5},
			{"climate_note", "", "About these data", 0, 10, 12, 2},
		},
		share: share{editor, core.PermissionEditor},
	},
}

func category(column, label string) core.Filter {
	return core.Filter{Type: core.FilterCategory, Column: column, Label: label, MultiSelect: true}
}

func dates(column, label string) core.Filter {
	return core.Filter{Type: core.FilterDateRange, Column: column, Label: label}
}
