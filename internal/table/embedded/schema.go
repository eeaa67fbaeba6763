package embedded

import (
	"bytes"
	"context"
	"encoding/json"

	"go.etcd.io/bbolt"

	"github.com/karuta-bi/karuta/internal/table"
)

// Init implements [table.Engine]. Where a table's declaration has changed its
// indexes are built anew.
func (e *Engine) Init(ctx context.Context) error {
	return e.update(ctx, e.db.Update, func(tx txn) error {
		for _, name := range [][]byte{bucketSchema, bucketExpiry, bucketTokens} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		for _, t := range table.Tables {
			if err := tx.initTable(t); err != nil {
				return err
			}
		}
		return nil
	})
}

func (tx txn) initTable(t table.Table) error {
	declared := declaration(t)
	schema := tx.Bucket(bucketSchema)
	if bytes.Equal(schema.Get([]byte(t.Name)), declared) {
		return nil
	}
	base, err := tx.CreateBucketIfNotExists(baseName(t))
	if err != nil {
		return err
	}
	if err := tx.clearIndexes(t); err != nil {
		return err
	}
	if err := tx.fillIndexes(t, base); err != nil {
		return err
	}
	return schema.Put([]byte(t.Name), declared)
}

// declaration is what the stored indexes depend on.
func declaration(t table.Table) []byte {
	raw, err := json.Marshal(t)
	if err != nil {
		panic(err) // a struct of texts
	}
	return raw
}

// clearIndexes empties the declared indexes and removes those that were declared before.
func (tx txn) clearIndexes(t table.Table) error {
	var old [][]byte
	err := tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
		if bytes.HasPrefix(name, []byte("i/"+t.Name+"/")) {
			old = append(old, bytes.Clone(name))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := tx.DeleteBucket(name); err != nil {
			return err
		}
	}
	for _, ix := range t.Indexes {
		if _, err := tx.CreateBucket(indexName(t, ix)); err != nil {
			return err
		}
	}
	of := appendText(nil, t.Name)
	return deleteIf(tx.Bucket(bucketExpiry), func(k, _ []byte) bool { return bytes.HasPrefix(k[8:], of) })
}

func (tx txn) fillIndexes(t table.Table, base *bbolt.Bucket) error {
	return base.ForEach(func(primary, raw []byte) error {
		it, err := decode(raw)
		if err != nil {
			return err
		}
		for _, ix := range t.Indexes {
			if err := move(tx.Bucket(indexName(t, ix)), nil, indexKey(ix, it, primary), primary); err != nil {
				return err
			}
		}
		return move(tx.Bucket(bucketExpiry), nil, expiryKey(t, it, primary), nil)
	})
}

// Tables implements [table.Engine].
func (e *Engine) Tables(ctx context.Context) ([]table.Status, error) {
	var all []table.Status
	err := e.view(ctx, func(tx txn) error {
		schema := tx.Bucket(bucketSchema)
		for _, t := range table.Tables {
			s := table.Status{Name: t.Name, Exists: tx.Bucket(baseName(t)) != nil}
			if s.Exists && !bytes.Equal(schema.Get([]byte(t.Name)), declaration(t)) {
				s.Diffs = []string{"its indexes were built for another declaration"}
			}
			all = append(all, s)
		}
		return nil
	})
	return all, err
}
