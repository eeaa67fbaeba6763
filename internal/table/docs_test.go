package table_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
)

// TestStoragePageTellsTheTables holds docs/storage.md to the list of tables:
// their order, keys, indexes and times to live.
func TestStoragePageTellsTheTables(t *testing.T) {
	page, err := os.ReadFile(root + "/docs/storage.md")
	if err != nil {
		t.Fatal(err)
	}
	var told, want []string
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "### "), strings.HasPrefix(line, "| `PK` |"), strings.HasPrefix(line, "| `logId` |"):
			told = append(told, line)
		case strings.HasPrefix(line, "- Index "), strings.HasPrefix(line, "- Time to live: "):
			what, _, _ := strings.Cut(line, ":")
			if what == "- Time to live" {
				what, _, _ = strings.Cut(strings.TrimSuffix(line, "."), ", ")
			}
			told = append(told, what)
		}
	}
	for _, d := range table.Tables {
		key := fmt.Sprintf("| `%s` | `%s` | what |", d.PK, d.SK)
		if d.SK == "" {
			key = fmt.Sprintf("| `%s` | what |", d.PK)
		}
		want = append(want, "### bi_"+d.Name, key)
		for _, ix := range d.Indexes {
			want = append(want, fmt.Sprintf("- Index `%s` (`%s`, `%s`)", ix.Name, ix.PK, ix.SK))
		}
		if d.TTL != "" {
			want = append(want, fmt.Sprintf("- Time to live: `%s`", d.TTL))
		}
	}
	if !slices.Equal(told, want) {
		t.Errorf("docs/storage.md tells\n%s\nand the tables are\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}
