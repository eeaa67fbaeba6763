package executor

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine"
	"github.com/karuta-bi/karuta/internal/core"
)

// exporting gives a file of so many bytes, and tells whether it was given up.
func exporting(t *testing.T, bytes int64) (*fakeEngine, func() bool) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "export"))
	if err == nil {
		err = file.Truncate(bytes)
	}
	if err != nil {
		t.Fatal(err)
	}
	e := &fakeEngine{exporting: func(context.Context) (*engine.Exported, error) {
		return &engine.Exported{File: file, Bytes: bytes, Rows: 7}, nil
	}}
	return e, func() bool { _, err := file.Stat(); return err != nil }
}

func TestExportIsTheFile(t *testing.T) {
	e, _ := exporting(t, 3<<20)
	out, err := start(t, e, &fakeRunner{}).client.Export(t.Context(), client.ExportRequest{})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	content, err := io.ReadAll(out.Body)
	if err != nil || len(content) != 3<<20 || out.Bytes != 3<<20 || out.Rows != 7 {
		t.Errorf("%d bytes, %+v, %v", len(content), out, err)
	}
}

// A reader who stops and leaves gives the file up; the executor goes on.
func TestAReaderWhoLeavesGivesTheFileUp(t *testing.T) {
	e, gone := exporting(t, 256<<20)
	s := start(t, e, &fakeRunner{})
	out, err := s.client.Export(t.Context(), client.ExportRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out.Body, make([]byte, 1<<10)); err != nil {
		t.Fatal(err)
	}
	if gone() {
		t.Error("the file was given up while it was read")
	}
	_ = out.Body.Close()
	for !gone() { // the deadline of the tests bounds this
		runtime.Gosched()
	}
	if _, err := s.client.Health(t.Context(), false); err != nil {
		t.Error(err)
	}
}

func TestExportProblemsAreTold(t *testing.T) {
	e := &fakeEngine{exporting: func(context.Context) (*engine.Exported, error) {
		return nil, core.Invalid("columns", "not_in_encoding", "character", "😀")
	}}
	_, err := start(t, e, &fakeRunner{}).client.Export(t.Context(), client.ExportRequest{})
	if core.CodeOf(err) != core.CodeValidation {
		t.Errorf("%v", err)
	}
}
