package table

import (
	"fmt"
	"unicode/utf8"
)

// The engines call these checks before anything else, so that both refuse the
// same requests with the same words.

func limit(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrLimit, fmt.Sprintf(format, args...))
}

// CheckKey finds the key's table and tells whether an item can have the key:
// no part empty or too long, a sort key exactly where the table has one.
func CheckKey(k Key) (Table, error) {
	t, ok := Lookup(k.Table)
	if !ok {
		return Table{}, limit("no table %q is declared", k.Table)
	}
	if err := checkText(t.PK, k.PK, MaxPKBytes); err != nil {
		return Table{}, err
	}
	if t.SK == "" {
		if k.SK != "" {
			return Table{}, limit("table %s has no sort key", t.Name)
		}
		return t, nil
	}
	return t, checkText(t.SK, k.SK, MaxSKBytes)
}

func checkText(name, value string, most int) error {
	switch {
	case value == "":
		return limit("key %s is empty", name)
	case len(value) > most:
		return limit("key %s has %d bytes, at most %d are allowed", name, len(value), most)
	case !utf8.ValidString(value):
		return limit("key %s is not UTF-8", name)
	}
	return nil
}

// CheckBatch tells whether the keys can be read in one call.
func CheckBatch(keys []Key) error {
	if len(keys) > MaxBatchGet {
		return limit("%d keys in a batch, at most %d are allowed", len(keys), MaxBatchGet)
	}
	seen := make(map[Key]struct{}, len(keys))
	for _, k := range keys {
		if _, err := CheckKey(k); err != nil {
			return err
		}
		if _, twice := seen[k]; twice {
			return limit("key %s/%s of %s twice in a batch", k.PK, k.SK, k.Table)
		}
		seen[k] = struct{}{}
	}
	return nil
}

// CheckWrite tells whether the write is well formed: its key, and for a put the
// item's size and values and the types of the attributes that indexes and the
// time to live use.
func CheckWrite(w Write) (Table, error) {
	t, err := CheckKey(w.Key)
	if err != nil || w.Op != OpPut {
		return t, err
	}
	size, err := ItemBytes(w.Item)
	if err != nil {
		return t, err
	}
	if size += keyBytes(t, w.Key); size > MaxItemBytes {
		return t, fmt.Errorf("%w: item of %d bytes, at most %d are allowed", ErrTooLarge, size, MaxItemBytes)
	}
	return t, checkIndexed(t, w.Item)
}

// keyBytes is what the key attributes, which the engine adds, take of an item.
func keyBytes(t Table, k Key) int { return len(t.PK) + len(k.PK) + len(t.SK) + len(k.SK) }

func checkIndexed(t Table, it Item) error {
	for _, ix := range t.Indexes {
		if err := checkIndexText(ix, ix.PK, it, MaxPKBytes); err != nil {
			return err
		}
		if ix.Numeric {
			if err := checkWhole(ix.SK, it); err != nil {
				return err
			}
		} else if err := checkIndexText(ix, ix.SK, it, MaxSKBytes); err != nil {
			return err
		}
	}
	if t.TTL != "" {
		return checkWhole(t.TTL, it)
	}
	return nil
}

func checkIndexText(ix Index, name string, it Item, most int) error {
	v, ok := it[name]
	if !ok {
		return nil
	}
	s, ok := v.(string)
	if !ok {
		return limit("attribute %s is %T, index %s needs text", name, v, ix.Name)
	}
	return checkText(name, s, most)
}

func checkWhole(name string, it Item) error {
	if v, ok := it[name]; ok {
		if _, whole := Number(v).(int64); !whole {
			return limit("attribute %s is %T, a whole number is needed", name, v)
		}
	}
	return nil
}

// CheckTransact tells whether the writes can be one transaction.
func CheckTransact(ws []Write) error {
	if len(ws) == 0 || len(ws) > MaxTransact {
		return limit("%d writes in a transaction, 1 to %d are allowed", len(ws), MaxTransact)
	}
	seen := make(map[Key]struct{}, len(ws))
	total := 0
	for _, w := range ws {
		if _, err := CheckWrite(w); err != nil {
			return err
		}
		if _, twice := seen[w.Key]; twice {
			return limit("two writes of %s/%s of %s in a transaction", w.Key.PK, w.Key.SK, w.Key.Table)
		}
		seen[w.Key] = struct{}{}
		size, _ := ItemBytes(w.Item)
		if total += size; total > MaxTransactBytes {
			return fmt.Errorf("%w: transaction of more than %d bytes", ErrTooLarge, MaxTransactBytes)
		}
	}
	return nil
}
