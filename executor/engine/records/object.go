package records

import (
	"bytes"
	"encoding/json"
)

// object is one JSON object that is known to be right, with its keys in order.
type object struct {
	text []byte // of the file
	raw  []byte // of the object
	end  int64  // where the object ends in the file
	pos  int
	key  string
	// value is the JSON of the key's value.
	value []byte
}

// next goes to the next key; false after the last.
func (o *object) next() bool {
	o.skip()
	if o.raw[o.pos] == ',' {
		o.pos++
		o.skip()
	}
	if o.raw[o.pos] == '}' {
		return false
	}
	o.key = unquote(o.take())
	o.skip()
	o.pos++ // the colon
	o.skip()
	o.value = o.take()
	return true
}

// cell is the value as a field.
func (o *object) cell() cell {
	switch o.value[0] {
	case 'n':
		return cell{}
	case '"':
		return cell{text, unquote(o.value)}
	case '{', '[':
		var flat bytes.Buffer
		_ = json.Compact(&flat, o.value) // it is JSON
		return cell{text, flat.String()}
	}
	return cell{plain, string(o.value)}
}

// at is the line in which the object ends, which is its own where each has one.
func (o *object) at(column int) place {
	return place{line: lineOf(o.text, o.end), column: int64(column + 1)}
}

func (o *object) skip() {
	for o.raw[o.pos] <= ' ' {
		o.pos++
	}
}

// take is the JSON of one value.
func (o *object) take() []byte {
	start, depth := o.pos, 0
	for {
		switch c := o.raw[o.pos]; c {
		case '"':
			o.passString()
		case '{', '[':
			depth++
			o.pos++
		case '}', ']':
			if depth == 0 {
				return o.raw[start:o.pos]
			}
			depth--
			o.pos++
		default:
			if depth == 0 && (c == ',' || c <= ' ') {
				return o.raw[start:o.pos]
			}
			o.pos++
			continue
		}
		if depth == 0 {
			return o.raw[start:o.pos]
		}
	}
}

func (o *object) passString() {
	for o.pos++; o.raw[o.pos] != '"'; o.pos++ {
		if o.raw[o.pos] == '\\' {
			o.pos++
		}
	}
	o.pos++
}

func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	_ = json.Unmarshal(raw, &s) // it is JSON
	return s
}
