package engine

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// footer is what the footers of the parts say of a column.
type footer struct {
	nulls    int64
	bytes    int64 // before compression
	coded    bool  // every row group has a dictionary of all its values
	distinct int64 // most different values of one row group
	min, max *string
}

// fileRows is how many rows a part has.
type fileRows struct {
	path string
	rows int64
}

// readFooters takes what the footers of the parts say. Bounds are compared as the
// type that they are of; a bound that a writer has cut is none.
func (s *summarising) readFooters(ctx context.Context) error {
	s.footers = map[string]footer{}
	err := s.arrow(ctx, s.takeFooters, `SELECT path_in_schema, CAST(sum(stats_null_count) AS BIGINT), CAST(sum(total_uncompressed_size) AS BIGINT),
		bool_and(stats_distinct_count IS NOT NULL), coalesce(max(stats_distinct_count), 0),
		bool_and(stats_min_value IS NOT NULL AND stats_max_value IS NOT NULL AND min_is_exact IS NOT false AND max_is_exact IS NOT false
			OR stats_null_count = num_values),
		min(stats_min_value), max(stats_max_value),
		min(TRY_CAST(stats_min_value AS BIGINT)), max(TRY_CAST(stats_max_value AS BIGINT)),
		min(TRY_CAST(stats_min_value AS DOUBLE)), max(TRY_CAST(stats_max_value AS DOUBLE)),
		min(TRY_CAST(stats_min_value AS DATE)), max(TRY_CAST(stats_max_value AS DATE)),
		min(TRY_CAST(stats_min_value AS TIMESTAMP)), max(TRY_CAST(stats_max_value AS TIMESTAMP)),
		min(TRY_CAST(stats_min_value AS TIMESTAMPTZ)), max(TRY_CAST(stats_max_value AS TIMESTAMPTZ))
		FROM parquet_metadata(?) GROUP BY 1`, []any{s.paths})
	if err == nil {
		err = s.arrow(ctx, s.takeFiles, "SELECT file_name, num_rows FROM parquet_file_metadata(?)", []any{s.paths})
	}
	return err
}

// takeFooters fills in what the footers tell of the columns.
func (s *summarising) takeFooters(batches array.RecordReader) error {
	for batches.Next() {
		b := batches.RecordBatch()
		count := func(column, row int) int64 { return b.Column(column).(*array.Int64).Value(row) }
		for row := range int(b.NumRows()) {
			name := *canonical(b.Column(0), row)
			c, _ := core.ColumnNamed(s.columns, name)
			f := footer{nulls: count(1, row), bytes: count(2, row), coded: b.Column(3).(*array.Boolean).Value(row), distinct: count(4, row)}
			if bounded := b.Column(5).(*array.Boolean); bounded.IsValid(row) && bounded.Value(row) {
				at := boundsOf(c)
				f.min, f.max = canonical(b.Column(at), row), canonical(b.Column(at+1), row)
			}
			s.footers[name] = f
		}
	}
	return batches.Err()
}

// boundsOf is where the statement has the bounds as the type of the column.
func boundsOf(c core.Column) int {
	switch c.Type {
	case core.TypeInt64:
		return 8
	case core.TypeFloat64:
		return 10
	case core.TypeDate:
		return 12
	case core.TypeDatetime:
		if c.Zoned {
			return 16
		}
		return 14
	}
	return 6
}

// takeFiles counts the rows and begins the summary of each column.
func (s *summarising) takeFiles(batches array.RecordReader) error {
	for batches.Next() {
		b := batches.RecordBatch()
		for row := range int(b.NumRows()) {
			f := fileRows{path: *canonical(b.Column(0), row), rows: b.Column(1).(*array.Int64).Value(row)}
			s.files = append(s.files, f)
			s.rows += f.rows
		}
	}
	s.summary.RowCount = s.rows
	for _, c := range s.columns {
		f := s.footers[c.Name]
		s.summary.Columns = append(s.summary.Columns, client.ColumnSummary{
			Name: c.Name, Type: c.Type, Count: s.rows - f.nulls, Nulls: f.nulls, Min: shortened(f.min), Max: shortened(f.max),
		})
	}
	return batches.Err()
}
