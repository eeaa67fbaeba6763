package embedded

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/tabletest"
)

func openTemp(t testing.TB) *Engine {
	e, err := Open(filepath.Join(t.TempDir(), "data", "karuta.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func TestContract(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Engine { return openTemp(t) })
}

func TestSecondOpenerIsToldAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "karuta.db")
	first, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrInUse) {
		t.Errorf("second opener got %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}
