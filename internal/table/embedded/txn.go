package embedded

import (
	"bytes"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/karuta-bi/karuta/internal/table"
)

// Buckets beside those of tables ("t/users") and indexes ("i/users/UsersList").
var (
	bucketSchema = []byte("schema") // table name → its declaration when its indexes were built
	bucketExpiry = []byte("expiry") // expiryKey → nothing
	bucketTokens = []byte("tokens") // hash of a transaction's token → epoch seconds of its end, hash of its writes
)

func baseName(t table.Table) []byte { return []byte("t/" + t.Name) }

func indexName(t table.Table, ix table.Index) []byte { return []byte("i/" + t.Name + "/" + ix.Name) }

// txn is a transaction and the moment it happens at.
type txn struct {
	*bbolt.Tx
	now int64 // epoch seconds
}

func newTxn(tx *bbolt.Tx) txn { return txn{Tx: tx, now: time.Now().Unix()} }

func (tx txn) base(t table.Table) (*bbolt.Bucket, error) { return tx.bucket(t, baseName(t)) }

func (tx txn) bucket(t table.Table, name []byte) (*bbolt.Bucket, error) {
	if b := tx.Bucket(name); b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("%w: %s", table.ErrNoTable, t.Name)
}

// live decodes a stored item; nil where there is none or its time has passed.
func (tx txn) live(t table.Table, raw []byte) (table.Item, error) {
	if raw == nil {
		return nil, nil
	}
	it, err := decode(raw)
	if err != nil || t.Expired(it, tx.now) {
		return nil, err
	}
	return it, nil
}

// replace changes the stored item from old to it in the table, its indexes and
// the list of what expires; either may be nil for nothing.
func (tx txn) replace(t table.Table, primary []byte, old, it table.Item, raw []byte) error {
	base, err := tx.base(t)
	if err != nil {
		return err
	}
	if it == nil {
		err = base.Delete(primary)
	} else {
		err = base.Put(primary, raw)
	}
	if err != nil {
		return err
	}
	for _, ix := range t.Indexes {
		b, err := tx.bucket(t, indexName(t, ix))
		if err != nil {
			return err
		}
		if err := move(b, indexKey(ix, old, primary), indexKey(ix, it, primary), primary); err != nil {
			return err
		}
	}
	if t.TTL == "" {
		return nil
	}
	return move(tx.Bucket(bucketExpiry), expiryKey(t, old, primary), expiryKey(t, it, primary), nil)
}

// move replaces an entry's key; nil is no entry.
func move(b *bbolt.Bucket, from, to, value []byte) error {
	if bytes.Equal(from, to) {
		return nil
	}
	if from != nil {
		if err := b.Delete(from); err != nil {
			return err
		}
	}
	if to == nil {
		return nil
	}
	return b.Put(to, value)
}
