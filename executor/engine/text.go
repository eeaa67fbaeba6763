package engine

import (
	"fmt"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/karuta-bi/karuta/internal/core"
)

// eachRow walks over the rows of a result as text in canonical form, until the
// function is false.
func eachRow(batches array.RecordReader, columns []core.Column, each func(row []*string) bool) error {
	if err := fits(batches.Schema(), schemaOf(columns)); err != nil {
		return err
	}
	for batches.Next() {
		batch := batches.RecordBatch()
		for i := range int(batch.NumRows()) {
			row := make([]*string, len(columns))
			for c := range columns {
				row[c] = canonical(batch.Column(c), i)
			}
			if !each(row) {
				return nil
			}
		}
	}
	return batches.Err()
}

// canonical is a value as text, nil for null.
func canonical(column arrow.Array, i int) *string {
	if column.IsNull(i) {
		return nil
	}
	var text string
	switch a := column.(type) {
	case *array.Int64:
		text = strconv.FormatInt(a.Value(i), 10)
	case *array.Float64:
		text = floatText(a.Value(i))
	case *array.Boolean:
		text = strconv.FormatBool(a.Value(i))
	case *array.Date32:
		text = time.Unix(int64(a.Value(i))*24*60*60, 0).UTC().Format(time.DateOnly)
	case *array.Timestamp:
		form := localForm
		if a.DataType().(*arrow.TimestampType).TimeZone != "" {
			form = zonedForm
		}
		text = time.UnixMicro(int64(a.Value(i))).UTC().Format(form)
	case *array.LargeString:
		text = string([]byte(a.Value(i))) // a copy: the batch is freed before
	default:
		panic(fmt.Sprintf("no text for %s", column.DataType()))
	}
	return &text
}
