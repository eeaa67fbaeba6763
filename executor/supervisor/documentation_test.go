//go:build linux

package supervisor

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// What docs/cards.md shows to authors runs as it stands.
func TestExamplesOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "cards.md"))
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```python\n(.*?)```").FindAllSubmatch(page, -1)
	if len(examples) < 3 {
		t.Fatalf("%d examples were found, so this test looks at nothing", len(examples))
	}
	for _, e := range examples {
		if reply := render(t, shared(t), string(e[1])); reply.Problem != nil || reply.HTML == "" {
			t.Errorf("%s\n%+v", e[1], reply.Problem)
		}
	}
}
