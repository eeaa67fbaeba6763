package engine

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// groupBytes is how much of Parquet is read into one result, which DuckDB holds in
// memory as a whole. Parts belong together up to this size.
const groupBytes = 24 << 20

// readSlice writes the selected columns of the rows that match into a sealed file.
func readSlice(ctx context.Context, t task) (*sliceInfo, *os.File, error) {
	r, err := openData(ctx, t, t.Slice.data)
	if err != nil {
		return nil, nil, err
	}
	defer r.db.Close()
	result := newTable(t.Slice.Select)
	defer result.free()
	groups, err := groupsOf(t.Slice.Paths)
	if err != nil {
		return nil, nil, err
	}
	for _, group := range groups {
		statement, values := r.sql(group, identifiers(t.Slice.Select), result.upTo(t.Slice.Limit))
		if err := r.arrow(ctx, result.add, statement, values); err != nil {
			return nil, nil, err
		}
	}
	batch := result.batch()
	defer batch.Release()
	return sealedBatch(batch)
}

// upTo ends a statement where the table has so many rows with its result; 0 is all.
func (t *table) upTo(limit int64) string {
	if limit == 0 {
		return ""
	}
	return fmt.Sprintf(" LIMIT %d", limit-t.rows)
}

// groupsOf cuts the parts into stretches that are read together.
func groupsOf(paths []string) ([][]string, error) {
	var groups [][]string
	size := int64(groupBytes)
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if size+info.Size() > groupBytes {
			groups, size = append(groups, nil), 0
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], path)
		size += info.Size()
	}
	return groups, nil
}

func sealedBatch(batch arrow.RecordBatch) (_ *sliceInfo, _ *os.File, err error) {
	file, err := memoryFile("slice")
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	w, err := ipc.NewFileWriter(file, ipc.WithSchema(batch.Schema()))
	if err != nil {
		return nil, nil, err
	}
	if err := w.Write(batch); err != nil {
		return nil, nil, err
	}
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, nil, err
	}
	return &sliceInfo{Rows: batch.NumRows(), Bytes: size}, file, seal(file)
}
