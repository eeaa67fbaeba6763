package karuta_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var filledSource = regexp.MustCompile(`client\.Source\{[^}]`)

// What a query may see is decided where its source is made, so only one place
// may make sources (SH-9, policies).
func TestOnlyDatasetsMakeSources(t *testing.T) {
	made := map[string]int{}
	for _, room := range []string{"internal", "resolvers", "server", "loaders", "cmd"} {
		err := filepath.WalkDir(room, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if n := len(filledSource.FindAll(text, -1)); n > 0 {
				made[filepath.ToSlash(path)] += n
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(made) != 1 || made["internal/dataset/read.go"] != 1 {
		t.Errorf("sources are made in %v", made)
	}
}

var japaneseSentence = regexp.MustCompile("[\"`][^\"`\n]*。")

// What people read stands in core, where a test holds it to their words (ERR-2);
// the demo brings content of its own.
func TestSentencesStandInCore(t *testing.T) {
	for _, room := range []string{"cmd", "executor", "internal", "loaders", "resolvers", "server"} {
		err := filepath.WalkDir(room, func(path string, d fs.DirEntry, err error) error {
			in := filepath.ToSlash(path)
			if err != nil || d.IsDir() || !strings.HasSuffix(in, ".go") || strings.HasSuffix(in, "_test.go") ||
				strings.HasPrefix(in, "internal/core/") || strings.HasPrefix(in, "internal/app/demo/") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, s := range japaneseSentence.FindAll(text, -1) {
				t.Errorf("%s says %s", in, s)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
