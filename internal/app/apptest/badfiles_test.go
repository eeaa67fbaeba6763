package apptest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// badFiles are files that nobody can import, with the code and the line that
// the importer is told.
var badFiles = []struct {
	name, content, code string
	line                float64
}{
	{"empty", "", "CSV_PARSE_ERROR", 0},
	{"ragged row", "a,b\n1,2\n3\n", "CSV_PARSE_ERROR", 3},
	{"unterminated quote", "a,b\n1,2\n\"3,4\n5,6\n", "CSV_PARSE_ERROR", 3},
	{"NUL byte", "a,b\n1,\x002\n", "CSV_PARSE_ERROR", 2},
	{"3 MB field", "a,b\n1,2\n3," + strings.Repeat("x", 3<<20) + "\n", "CSV_PARSE_ERROR", 3},
	{"invalid bytes", "a,b\n1,\xff\xff\n", "ENCODING_ERROR", 2},
	{"a picture named .csv", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01", "CSV_PARSE_ERROR", 0},
}

// DS-2..4: each bad file ends in an error with its place, and leaves nothing behind.
func TestBadFiles(t *testing.T) {
	k := apptest.Start(t)
	author, _ := k.Somebody(t, core.RoleUser)
	for _, f := range badFiles {
		t.Run(f.name, func(t *testing.T) {
			a := author.AwaitJob(t, start(t, author, strings.NewReader(f.content)).Str("importCsv.job.id"))
			if a.Str("importJob.status") != "FAILED" || a.Str("importJob.error.code") != f.code || a.Get("importJob.dataset") != nil {
				t.Errorf("%s", a.Raw)
			}
			if line, _ := a.Get("importJob.error.line").(float64); line != f.line {
				t.Errorf("line %v, want %v: %s", line, f.line, a.Raw)
			}
		})
	}
	t.Run("a byte too much", func(t *testing.T) {
		file := io.LimitReader(endless{}, 100<<20+1)
		if a := start(t, author, file); a.Code() != "FILE_TOO_LARGE" || a.Errors[0].Extensions["field"] != "input.file" {
			t.Errorf("%s", a.Raw)
		}
	})
	t.Run("a client that leaves", func(t *testing.T) { leaves(t, k, author) })
	nothingLeft(t, k, author)
}

func start(t *testing.T, who apptest.Client, file io.Reader) apptest.Answer {
	t.Helper()
	return who.Upload(t, `mutation($file: Upload!) { importCsv(input: {name: "bad", file: $file}) { job { id } } }`,
		map[string]any{"file": nil}, "variables.file", "bad.csv", file)
}

// endless is a table without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	return copy(p, bytes.Repeat([]byte("1234567\n"), len(p)/8+1)), nil
}

// leaves sends half a file and goes away.
func leaves(t *testing.T, k *apptest.Instance, who apptest.Client) {
	ctx, leave := context.WithCancel(t.Context())
	half := io.MultiReader(io.LimitReader(endless{}, 1<<20), reader(func([]byte) (int, error) {
		leave()
		return 0, context.Canceled
	}))
	if _, err := who.TryUpload(ctx, `mutation($file: Upload!) { importCsv(input: {name: "half", file: $file}) { job { id } } }`,
		map[string]any{"file": nil}, "variables.file", "half.csv", half); !errors.Is(err, context.Canceled) {
		t.Errorf("the client ended with %v", err)
	}
	await(t, "the half file is gone", func() bool { return len(objects(t, k)) == 0 })
}

type reader func([]byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }

// nothingLeft: no dataset, no object, and the next import works.
func nothingLeft(t *testing.T, k *apptest.Instance, author apptest.Client) {
	t.Helper()
	if a := author.Must(t, `{ datasets { nodes { id } } }`, nil); len(a.Get("datasets.nodes").([]any)) != 0 {
		t.Errorf("datasets: %s", a.Raw)
	}
	await(t, fmt.Sprintf("nothing of bad files is kept: %v", objects(t, k)), func() bool { return len(objects(t, k)) == 0 })
	author.ImportCSV(t, "good", "good.csv", strings.NewReader("a,b\n1,2\n"))
}

func objects(t *testing.T, k *apptest.Instance) (keys []string) {
	t.Helper()
	err := k.App.Blobs.List(t.Context(), "", func(i blob.Info) error {
		keys = append(keys, i.Key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// await looks again and again whether something has come true.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("it never came true that %s", what)
		}
	}
}
