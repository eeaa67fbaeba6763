package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// forged writes one batch of a schema that no transform of ours has.
func forged(t testing.TB, field arrow.Field, values arrow.Array, options ...ipc.Option) []byte {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{field}, nil)
	var out bytes.Buffer
	w, err := ipc.NewFileWriter(&out, append(options, ipc.WithSchema(schema))...)
	if err != nil {
		t.Fatal(err)
	}
	batch := array.NewRecordBatch(schema, []arrow.Array{values}, int64(values.Len()))
	if err := errors.Join(w.Write(batch), w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// texts is a text column with these offsets over these bytes.
func texts(offsets []int64, content string) arrow.Array {
	data := array.NewData(arrow.BinaryTypes.LargeString, len(offsets)-1, []*memory.Buffer{
		nil, memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(offsets)), memory.NewBufferBytes([]byte(content)),
	}, nil, 0, 0)
	return array.MakeFromData(data)
}

// offsets are those of two texts, forged after they were written.
func offsets(t testing.TB, forgedOnes ...int64) []byte {
	t.Helper()
	text := arrow.Field{Name: "a", Type: arrow.BinaryTypes.LargeString}
	content := forged(t, text, texts([]int64{0, 5, 7}, "abcdefg"))
	was := arrow.Int64Traits.CastToBytes([]int64{0, 5, 7})
	if bytes.Count(content, was) != 1 {
		t.Fatal("the offsets were not found")
	}
	return bytes.Replace(content, was, arrow.Int64Traits.CastToBytes(forgedOnes), 1)
}

func numbers[B interface {
	array.Builder
	AppendValues([]V, []bool)
}, V any](b B, values ...V) arrow.Array {
	b.AppendValues(values, nil)
	return b.NewArray()
}

// wordy is a table whose batch says that it has words of its own, more than any
// memory holds.
func wordy(t testing.TB) []byte {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.LargeString}}, nil)
	var out bytes.Buffer
	w, err := ipc.NewFileWriter(&out, ipc.WithSchema(schema))
	if err != nil {
		t.Fatal(err)
	}
	words := arrow.NewMetadata([]string{"k"}, []string{"v"})
	batch := array.NewRecordBatchWithMetadata(schema, []arrow.Array{texts([]int64{0, 1}, "x")}, 1, words)
	if err := errors.Join(w.Write(batch), w.Close()); err != nil {
		t.Fatal(err)
	}
	content := out.Bytes()
	if err := checkSchema(content); err != nil {
		t.Fatal("before it is forged: ", err)
	}
	end := len(content) - footerTail
	footer := content[end-int(binary.LittleEndian.Uint32(content[end:])) : end]
	root := flatTable{footer, int(binary.LittleEndian.Uint32(footer))}
	message := content[8+binary.LittleEndian.Uint64(footer[root.target(footerBatches)+4:]):]
	at := flatTable{message, int(binary.LittleEndian.Uint32(message))}.target(messageMetadata)
	binary.LittleEndian.PutUint32(message[at:], 1<<32-1)
	return content
}

// hostileTables are files that somebody made to do harm.
func hostileTables(t testing.TB) map[string][]byte {
	t.Helper()
	good := result(t, 2, 100)
	text := arrow.Field{Name: "a", Type: arrow.BinaryTypes.LargeString}
	date := array.NewDate32Builder(memory.DefaultAllocator)
	lists := array.NewListBuilder(memory.DefaultAllocator, arrow.PrimitiveTypes.Int64)
	lists.AppendEmptyValue()
	dictionary := array.NewDictionaryBuilder(memory.DefaultAllocator, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String})
	dictionary.AppendNull()
	words := dictionary.NewArray()
	cases := map[string][]byte{
		"nothing": {}, "a word": []byte("ARROW1"), "no footer": append([]byte("ARROW1\x00\x00"), make([]byte, 100)...),
		"cut":              good[:len(good)/2],
		"cut at its end":   good[:len(good)-12],
		"huge offset":      offsets(t, 0, 5, 1<<40),
		"negative offset":  offsets(t, -8, 5, 7),
		"falling offsets":  offsets(t, 0, 7, 5),
		"no UTF-8":         forged(t, text, texts([]int64{0, 3}, "\xff\xfe\xfd")),
		"a list":           forged(t, arrow.Field{Name: "a", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64), Nullable: true}, lists.NewArray()),
		"a dictionary":     forged(t, arrow.Field{Name: "a", Type: words.DataType(), Nullable: true}, words),
		"another integer":  forged(t, arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int32}, numbers(array.NewInt32Builder(memory.DefaultAllocator), int32(1))),
		"a late date":      forged(t, arrow.Field{Name: "a", Type: arrow.FixedWidthTypes.Date32}, numbers(date, arrow.Date32(1<<30))),
		"no name":          forged(t, arrow.Field{Name: "", Type: arrow.BinaryTypes.LargeString}, texts([]int64{0, 1}, "a")),
		"name with a zero": forged(t, arrow.Field{Name: "a\x00b", Type: arrow.BinaryTypes.LargeString}, texts([]int64{0, 1}, "a")),
		"a long name":      forged(t, arrow.Field{Name: strings.Repeat("n", 201), Type: arrow.BinaryTypes.LargeString}, texts([]int64{0, 1}, "a")),
		"zstd bomb":        forged(t, text, texts([]int64{0, 64 << 20}, strings.Repeat("x", 64<<20)), ipc.WithZstd()),
		"many words":       wordy(t),
		"lz4":              result(t, 1, 100, ipc.WithLZ4()),
	}
	footer := int(binary.LittleEndian.Uint32(good[len(good)-10:]))
	for _, at := range []int{8, 12, 16, 40, 200, len(good) - 10, len(good) - 10 - footer, len(good) - footer/2} {
		for _, value := range []uint32{0, 1 << 31, 1<<31 - 1, 1<<32 - 1} {
			changed := slices.Clone(good)
			binary.LittleEndian.PutUint32(changed[at:], value)
			cases[fmt.Sprintf("%d is %#x", at, value)] = changed
		}
	}
	return cases
}

// Nothing that a run could forge is taken for a table, and the next one is well.
func TestHostileTablesAreRefused(t *testing.T) {
	b := newBench(t, nil)
	number := 0
	for name, content := range hostileTables(t) {
		number++
		if len(content) == 0 {
			content = []byte{0}
		}
		changed := strings.Contains(name, " is ") // one number may be one that nobody reads
		if done, problem := b.write(t, content, fmt.Sprintf("datasets/hostile/%d/", number)); done != nil && !changed || done == nil && (problem == nil || problem.Reason != "bad_answer") {
			t.Errorf("%s: %+v %+v", name, done, problem)
		}
	}
	own := arrow.Field{Name: "a", Type: arrow.BinaryTypes.LargeString, Metadata: arrow.NewMetadata([]string{"k"}, []string{"v"})}
	if done, problem := b.write(t, forged(t, own, texts([]int64{0, 1}, "x")), "datasets/own/"); problem != nil || done.RowCount != 1 {
		t.Errorf("a table with words of its own: %+v", problem)
	}
	if done, problem := b.write(t, result(t, 1, 10), outputTarget); problem != nil || done.RowCount != 10 {
		t.Errorf("a good table afterwards: %+v", problem)
	}
}

// A batch that is named many times would become more than the limits allow.
func TestATableIsNoLargerThanItsFile(t *testing.T) {
	batch := texts([]int64{0, 3}, "abc")
	table := &arrowTable{columns: tableTypes[6:], most: 100}
	var err error
	for range 100 {
		err = errors.Join(err, table.add(array.NewRecordBatch(schemaOf(table.columns), []arrow.Array{batch}, 1)))
	}
	if err == nil {
		t.Error("it grew without end")
	}
}

// FuzzTable: whatever a run writes, the decoder ends with a table that holds or
// with an error.
func FuzzTable(f *testing.F) {
	f.Add(result(f, 2, 10))
	for _, content := range hostileTables(f) {
		if len(content) < 64<<10 {
			f.Add(content)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		table, err := decodeTable(content)
		if err != nil {
			if !errors.Is(err, errBadTable) {
				t.Fatal(err)
			}
			return
		}
		var rows int64
		for _, batch := range table.batches {
			if err := array.ValidateRecordFull(batch); err != nil {
				t.Fatal(err)
			}
			rows += batch.NumRows()
		}
		if rows != table.rows || len(table.first(100)) != int(min(100, rows)) || len(table.columns) == 0 {
			t.Fatalf("%+v", table)
		}
	})
}
