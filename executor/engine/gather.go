package engine

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// gathered is one column that grows batch by batch, laid out as Arrow has it.
type gathered struct {
	typ     arrow.DataType
	valid   region // a bit for each row, 0 for null
	offsets region // where each text begins, and where the last one ends
	values  region
	rows    int
	nulls   int
}

func newGathered(typ arrow.DataType) *gathered {
	g := &gathered{typ: typ}
	if arrow.TypeEqual(typ, arrow.BinaryTypes.LargeString) {
		g.offsets.extend(arrow.Int64SizeBytes)
	}
	return g
}

// add copies a batch's values.
func (g *gathered) add(a arrow.Array) {
	n := a.Len()
	if n == 0 {
		return // it may have no memory at all
	}
	g.bits(&g.valid, n)
	if a.NullN() == 0 {
		bitutil.SetBitsTo(g.valid.bytes, int64(g.rows), int64(n), true)
	} else {
		bitutil.CopyBitmap(a.NullBitmapBytes(), a.Data().Offset(), n, g.valid.bytes, g.rows)
	}
	switch a := a.(type) {
	case *array.LargeString:
		g.addTexts(a)
	case *array.Boolean:
		g.bits(&g.values, n)
		bitutil.CopyBitmap(a.Data().Buffers()[1].Bytes(), a.Data().Offset(), n, g.values.bytes, g.rows)
	default:
		width := g.typ.(arrow.FixedWidthDataType).BitWidth() / 8
		from := a.Data().Offset() * width
		copy(g.values.extend(n*width), a.Data().Buffers()[1].Bytes()[from:from+n*width])
	}
	g.rows += n
	g.nulls += a.NullN()
}

// bits makes room for so many more bits.
func (g *gathered) bits(r *region, more int) {
	r.extend(int(bitutil.BytesForBits(int64(g.rows+more))) - len(r.bytes))
}

func (g *gathered) addTexts(a *array.LargeString) {
	shift := int64(len(g.values.bytes)) - a.ValueOffset(0)
	offsets := arrow.Int64Traits.CastFromBytes(g.offsets.extend(a.Len() * arrow.Int64SizeBytes))
	for i := range offsets {
		offsets[i] = a.ValueOffset(i+1) + shift
	}
	text := a.ValueBytes()
	copy(g.values.extend(len(text)), text)
}

// array is the column as it is now. It lives as long as the regions.
func (g *gathered) array() arrow.Array {
	buffers := []*memory.Buffer{memory.NewBufferBytes(g.valid.bytes)}
	if len(g.offsets.bytes) > 0 {
		buffers = append(buffers, memory.NewBufferBytes(g.offsets.bytes))
	}
	buffers = append(buffers, memory.NewBufferBytes(g.values.bytes))
	data := array.NewData(g.typ, g.rows, buffers, nil, g.nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

func (g *gathered) free() {
	g.valid.free()
	g.offsets.free()
	g.values.free()
}
