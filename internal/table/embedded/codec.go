package embedded

import (
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/internal/table"
)

// An item is a count and then, sorted by name, each attribute as name and
// tagged value. Counts and lengths are varints.

const (
	tagText byte = iota
	tagInt
	tagFloat
	tagFalse
	tagTrue
	tagBytes
	tagList
	tagMap
)

// shareBelow is the size up to which a decoded item's texts share one copy of
// its bytes: that is fastest, but one text that is kept then keeps them all.
const shareBelow = 4 << 10

var errCorrupt = errors.New("embedded: a stored item cannot be read")

// encode appends the map's form; its values are those that [table.CheckWrite] lets through.
func encode(b []byte, m map[string]any) []byte {
	b = binary.AppendUvarint(b, uint64(len(m)))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		b = encodeValue(appendString(b, name), m[name])
	}
	return b
}

func encodeValue(b []byte, v any) []byte {
	switch v := table.Number(v).(type) {
	case string:
		return appendString(append(b, tagText), v)
	case int64:
		return binary.AppendVarint(append(b, tagInt), v)
	case float64:
		return binary.BigEndian.AppendUint64(append(b, tagFloat), math.Float64bits(v))
	case bool:
		if v {
			return append(b, tagTrue)
		}
		return append(b, tagFalse)
	case []byte:
		b = binary.AppendUvarint(append(b, tagBytes), uint64(len(v)))
		return append(b, v...)
	case []any:
		b = binary.AppendUvarint(append(b, tagList), uint64(len(v)))
		for _, e := range v {
			b = encodeValue(b, e)
		}
		return b
	case map[string]any:
		return encode(append(b, tagMap), v)
	}
	panic("embedded: a value of unchecked type")
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decode reads an item; nothing in it refers to raw.
func decode(raw []byte) (table.Item, error) {
	d := decoder{rest: string(raw), clone: len(raw) > shareBelow}
	it := d.object()
	if d.bad {
		return nil, errCorrupt
	}
	return it, nil
}

// decoder takes values from the front of rest; bad is set when there is no such value.
type decoder struct {
	rest  string
	clone bool
	bad   bool
}

func (d *decoder) object() map[string]any {
	n := d.count()
	m := make(map[string]any, n)
	for range n {
		name := d.text()
		m[name] = d.value()
		if d.bad {
			return nil
		}
	}
	return m
}

func (d *decoder) value() any {
	switch d.byte() {
	case tagText:
		return d.text()
	case tagInt:
		u := d.uvarint()
		return int64(u>>1) ^ -int64(u&1)
	case tagFloat:
		return math.Float64frombits(binary.BigEndian.Uint64([]byte(d.fixed8())))
	case tagFalse:
		return false
	case tagTrue:
		return true
	case tagBytes:
		return []byte(d.take(d.count()))
	case tagList:
		return d.list()
	case tagMap:
		return d.object()
	}
	d.bad = true
	return nil
}

func (d *decoder) list() []any {
	list := make([]any, d.count())
	for i := range list {
		list[i] = d.value()
		if d.bad {
			return nil
		}
	}
	return list
}

func (d *decoder) text() string {
	s := d.take(d.count())
	if d.clone {
		return strings.Clone(s)
	}
	return s
}

func (d *decoder) fixed8() string {
	if s := d.take(8); len(s) == 8 {
		return s
	}
	return "\x00\x00\x00\x00\x00\x00\x00\x00"
}

func (d *decoder) byte() byte {
	if s := d.take(1); s != "" {
		return s[0]
	}
	return 0
}

// count is a length; every counted thing takes a byte at least.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) uvarint() uint64 {
	var u uint64
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64; i++ {
		c := d.rest[i]
		u |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.rest = d.rest[i+1:]
			return u
		}
	}
	d.bad = true
	return 0
}

func (d *decoder) take(n int) string {
	if n > len(d.rest) {
		d.bad = true
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}
