package blob_test

import (
	"testing"

	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/blob/blobtest"
)

func TestContractOfFolder(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		f, err := blob.OpenFolder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	})
}
