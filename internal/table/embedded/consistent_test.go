package embedded

import (
	"bytes"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/karuta-bi/karuta/internal/table"
)

// wantConsistent fails unless the file is sound and each index, and the list of
// what expires, holds just what the items say.
func wantConsistent(t *testing.T, e *Engine) {
	t.Helper()
	err := e.db.View(func(raw *bbolt.Tx) error {
		for err := range raw.Check() {
			t.Errorf("the file: %v", err)
		}
		tx := newTxn(raw)
		expires := map[string][]byte{}
		for _, d := range table.Tables {
			base := tx.Bucket(baseName(d))
			if base == nil {
				continue
			}
			want := map[string]map[string][]byte{}
			for _, ix := range d.Indexes {
				want[ix.Name] = map[string][]byte{}
			}
			for primary, raw := range (keys{to: []byte{0xff, 0xff}}).in(base.Cursor(), false) {
				it, err := decode(raw)
				if err != nil {
					return err
				}
				for _, ix := range d.Indexes {
					if k := indexKey(ix, it, primary); k != nil {
						want[ix.Name][string(k)] = bytes.Clone(primary)
					}
				}
				if k := expiryKey(d, it, primary); k != nil {
					expires[string(k)] = nil
				}
			}
			for _, ix := range d.Indexes {
				wantEntries(t, d.Name+"/"+ix.Name, tx.Bucket(indexName(d, ix)), want[ix.Name])
			}
		}
		if b := tx.Bucket(bucketExpiry); b != nil {
			wantEntries(t, "expiry", b, expires)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func wantEntries(t *testing.T, name string, b *bbolt.Bucket, want map[string][]byte) {
	t.Helper()
	n := 0
	_ = b.ForEach(func(k, v []byte) error {
		n++
		if primary, ok := want[string(k)]; !ok || !bytes.Equal(v, primary) {
			t.Errorf("%s has %q for %q, which no item says", name, k, v)
		}
		return nil
	})
	if n != len(want) {
		t.Errorf("%s has %d entries, the items say %d", name, n, len(want))
	}
}
