package demo

import (
	"encoding/csv"
	"io"
	"strconv"
	"testing"

	"golang.org/x/text/encoding/japanese"

	"github.com/karuta-bi/karuta/internal/core"
)

func rowsOf(t *testing.T, file string) [][]string {
	t.Helper()
	in, err := openTable(file)
	if err != nil {
		t.Fatal(err)
	}
	if file == "census_japan" {
		in = japanese.ShiftJIS.NewDecoder().Reader(in)
	}
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return rows
}

// The census table was typed in: its sums must be the published totals.
func TestCensusSums(t *testing.T) {
	sums := map[string]int{}
	for _, row := range rowsOf(t, "census_japan")[1:] {
		people, err := strconv.Atoi(row[4])
		if err != nil {
			t.Fatal(err)
		}
		sums[row[3]] += people
	}
	for date, want := range map[string]int{"2010年10月01日": 128_057_352, "2015年10月01日": 127_094_745, "2020年10月01日": 126_146_099} {
		if sums[date] != want {
			t.Errorf("%s: %d people, published are %d", date, sums[date], want)
		}
	}
}

// Issue 3, Demo: five real tables, one of them Japanese in Shift_JIS, twelve cards, three dashboards.
func TestSizeOfTheDemo(t *testing.T) {
	code := 0
	for _, b := range boards {
		for _, p := range b.pictures {
			if p.dataset != "" {
				code++
			}
		}
	}
	if len(tables) < 5 || code != 12 || len(boards) != 3 {
		t.Errorf("%d tables, %d code cards, %d dashboards", len(tables), code, len(boards))
	}
}

func TestEveryCardHasItsFileAndDataset(t *testing.T) {
	known := map[string]Account{}
	for _, table := range tables {
		known[table.file] = table.owner
	}
	for _, b := range boards {
		for _, p := range b.pictures {
			if text, err := p.source(); err != nil || text == "" {
				t.Errorf("%s: %q, %v", p.file, text, err)
			}
			// A card may only read what its owner may read.
			if p.dataset != "" && known[p.dataset] != b.owner {
				t.Errorf("%s reads %s, which its owner does not own", p.file, p.dataset)
			}
		}
	}
}

func TestLayoutsFillTheGridWithoutOverlap(t *testing.T) {
	for _, b := range boards {
		taken := map[[2]int]string{}
		for _, p := range b.pictures {
			if p.x < 0 || p.x+p.w > core.GridColumns {
				t.Errorf("%s leaves the grid", p.file)
			}
			for x := p.x; x < p.x+p.w; x++ {
				for y := p.y; y < p.y+p.h; y++ {
					if other, ok := taken[[2]int{x, y}]; ok {
						t.Fatalf("%s lies on %s", p.file, other)
					}
					taken[[2]int{x, y}] = p.file
				}
			}
		}
	}
}

func TestEveryFilterReachesACard(t *testing.T) {
	for _, b := range boards {
		reach := map[string]bool{}
		for _, p := range b.pictures {
			if p.dataset != "" {
				for _, column := range rowsOf(t, p.dataset)[0] {
					reach[column] = true
				}
			}
		}
		for _, f := range b.filters {
			if !reach[f.Column] {
				t.Errorf("%s: no card has the column %s", b.name, f.Column)
			}
		}
	}
}

// The Shift_JIS table must not be readable as UTF-8 by chance: it is there to show that the encoding is found.
func TestCensusIsShiftJIS(t *testing.T) {
	in, err := openTable("census_japan")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := japanese.ShiftJIS.NewEncoder().String("都道府県コード"); string(raw[:len(want)]) != want {
		t.Errorf("starts with % x", raw[:len(want)])
	}
}
