//go:build linux

package supervisor

import (
	"embed"
	"path"
	"strings"
	"testing"
	"time"
)

// corpus are cards as people write them. The first line says what their HTML
// contains; the rest they assert themselves.
//
//go:embed testdata/cards/*.py
var corpus embed.FS

// What people write works behind every layer, in each profile.
func TestCorpus(t *testing.T) {
	files, err := corpus.ReadDir("testdata/cards")
	if err != nil || len(files) < 60 {
		t.Fatal(len(files), " cards, ", err)
	}
	s := shared(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file.Name(), ".py"), func(t *testing.T) {
			t.Parallel()
			code, err := corpus.ReadFile(path.Join("testdata/cards", file.Name()))
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(code), "\n")
			want, found := strings.CutPrefix(first, "# want: ")
			if !found {
				t.Fatal("the first line does not say what is wanted")
			}
			reply := renderRun(t, s, Run{Code: string(code), Timeout: time.Minute})
			if reply.Problem != nil {
				t.Fatalf("%+v %+v\n%s", reply.Problem, reply.Problem.Traceback, reply.Log)
			}
			if !strings.Contains(reply.HTML, want) {
				t.Errorf("no %q in %.500s", want, reply.HTML)
			}
			if strings.Contains(reply.Log, "missing from font") {
				t.Errorf("a glyph is missing: %s", reply.Log)
			}
		})
	}
}
