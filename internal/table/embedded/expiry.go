package embedded

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/karuta-bi/karuta/internal/table"
)

const (
	tokenLife  = 600 // seconds, as long as DynamoDB remembers one
	sweepBatch = 500 // items deleted in one transaction
)

// expiryKey sorts items by the second after which they are gone; nil for never.
func expiryKey(t table.Table, it table.Item, primary []byte) []byte {
	at, ok := table.Number(it[t.TTL]).(int64)
	if !ok {
		return nil
	}
	return append(appendText(appendNumber(nil, at), t.Name), primary...)
}

// sweepUntil deletes what has expired now and then, until the context ends.
// Reads do not depend on it. What fails is tried again the next time.
func (e *Engine) sweepUntil(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = e.sweep(ctx)
		}
	}
}

// sweep deletes expired items and tokens, a few hundred in a transaction so
// that other writers get their turn.
func (e *Engine) sweep(ctx context.Context) error {
	for more := true; more; {
		err := e.update(ctx, e.db.Update, func(tx txn) (err error) {
			more, err = tx.sweepItems()
			return err
		})
		if err != nil {
			return err
		}
	}
	return e.update(ctx, e.db.Update, txn.sweepTokens)
}

func (tx txn) sweepItems() (more bool, err error) {
	expired := tx.Bucket(bucketExpiry)
	if expired == nil {
		return false, nil
	}
	var due [][]byte
	limit := appendNumber(nil, tx.now+1)
	for k := range (keys{to: limit}).in(expired.Cursor(), false) {
		if due = append(due, bytes.Clone(k)); len(due) == sweepBatch {
			break
		}
	}
	for _, k := range due {
		if err := tx.sweepItem(k); err != nil {
			return false, err
		}
	}
	return len(due) == sweepBatch, nil
}

func (tx txn) sweepItem(key []byte) error {
	name, primary, _ := strings.Cut(string(key[8:]), "\x00\x01")
	t, ok := table.Lookup(name)
	if !ok {
		return tx.Bucket(bucketExpiry).Delete(key)
	}
	base, err := tx.base(t)
	if err != nil {
		return err
	}
	raw := base.Get([]byte(primary))
	if raw == nil {
		return tx.Bucket(bucketExpiry).Delete(key)
	}
	old, err := decode(raw)
	if err != nil {
		return err
	}
	return tx.replace(t, []byte(primary), old, nil, nil)
}

// useToken remembers the transaction's token. It tells whether the same
// transaction was done before; another one under the same token is refused.
func (tx txn) useToken(token string, changes []change) (done bool, err error) {
	if token == "" {
		return false, nil
	}
	tokens := tx.Bucket(bucketTokens)
	if tokens == nil {
		return false, table.ErrNoTable
	}
	key := sha256.Sum256([]byte(token))
	sum := digest(changes)
	if v := tokens.Get(key[:]); v != nil && !tokenExpired(v, tx.now) {
		if bytes.Equal(v[8:], sum) {
			return true, nil
		}
		return false, table.ErrToken
	}
	until := binary.BigEndian.AppendUint64(nil, uint64(tx.now+tokenLife))
	return false, tokens.Put(key[:], append(until, sum...))
}

func tokenExpired(v []byte, now int64) bool {
	return int64(binary.BigEndian.Uint64(v)) <= now
}

// digest stands for everything that the writes do.
func digest(changes []change) []byte {
	h := sha256.New()
	for _, c := range changes {
		_, absent, exists, version := c.If.Kind()
		h.Write(encode(nil, map[string]any{
			"op": int64(c.Op), "table": c.of.Name, "key": c.primary, "item": c.raw,
			"absent": absent, "exists": exists, "version": version, "v": c.If.Version(),
		}))
	}
	return h.Sum(nil)
}

func (tx txn) sweepTokens() error {
	tokens := tx.Bucket(bucketTokens)
	if tokens == nil {
		return nil
	}
	return deleteIf(tokens, func(_, v []byte) bool { return tokenExpired(v, tx.now) })
}

// deleteIf deletes the entries for which the function is true.
func deleteIf(b *bbolt.Bucket, gone func(k, v []byte) bool) error {
	var doomed [][]byte
	err := b.ForEach(func(k, v []byte) error {
		if gone(k, v) {
			doomed = append(doomed, bytes.Clone(k))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range doomed {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
