package embedded

import (
	"bytes"
	"encoding/binary"

	"github.com/karuta-bi/karuta/internal/table"
)

// A primary key is esc(PK) 00 01 SK; an index key is esc(PK) 00 01 sort, then
// the item's primary key. Text is escaped (00 becomes 00 FF) and ends with
// 00 01, so that the order of the bytes is the order of the texts and no text
// reaches into its neighbour. Numbers are 8 bytes, big-endian, sign flipped.

func appendText(b []byte, s string) []byte {
	return append(appendEscaped(b, s), 0, 1)
}

func appendEscaped(b []byte, s string) []byte {
	for i := range len(s) {
		b = append(b, s[i])
		if s[i] == 0 {
			b = append(b, 0xff)
		}
	}
	return b
}

func appendNumber(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(n)^1<<63)
}

func primaryKey(pk, sk string) []byte {
	b := make([]byte, 0, len(pk)+len(sk)+4)
	return append(appendText(b, pk), sk...)
}

// indexKey is the item's key in the index, nil when the item is not in it.
func indexKey(ix table.Index, it table.Item, primary []byte) []byte {
	pk := it.Str(ix.PK)
	sort, has := it[ix.SK]
	if pk == "" || !has {
		return nil
	}
	b := appendText(make([]byte, 0, len(pk)+len(primary)+32), pk)
	if ix.Numeric {
		n, _ := table.Number(sort).(int64)
		b = appendNumber(b, n)
	} else {
		b = appendText(b, it.Str(ix.SK))
	}
	return append(b, primary...)
}

// after is the first key behind all keys that begin with b.
func after(b []byte) []byte {
	n := len(b)
	for b[n-1] == 0xff {
		n--
	}
	next := bytes.Clone(b[:n])
	next[n-1]++
	return next
}
