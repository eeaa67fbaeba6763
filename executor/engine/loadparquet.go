package engine

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/executor/engine/records"
	"github.com/karuta-bi/karuta/internal/core"
)

// cellsPerByte bounds the rows times columns of a foreign Parquet file by the largest
// file in bytes: a small file can claim any number of rows that repeat.
const cellsPerByte = 4

// foreign is a column of a Parquet file that somebody else wrote.
type foreign struct {
	name  string
	typ   string // as DuckDB calls it
	value string // as SQL, in the type that it gets
	core.Column
}

// lookIntoParquet finds the columns of a Parquet file and what type each gets.
func (l *loader) lookIntoParquet(ctx context.Context) error {
	db, err := l.openForeign(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	columns, err := l.describe(ctx, db)
	if err != nil {
		return foreignFault(ctx, err)
	}
	if err := l.measure(ctx, db, columns); err != nil {
		return foreignFault(ctx, err)
	}
	for _, c := range columns {
		l.from = append(l.from, c.value)
		l.text.Columns = append(l.text.Columns, csv.Column{Column: c.Column})
	}
	info, err := os.Stat(l.task.Load.Source)
	if err == nil {
		l.size = 4 * info.Size() // it is packed
	}
	return cmp.Or(err, l.checkDates())
}

func (l *loader) openForeign(ctx context.Context) (*sql.DB, error) {
	return open(ctx, access{dir: l.task.Dir, paths: []string{l.task.Load.Source}, memoryMB: l.task.MemoryMB / 2, threads: l.cores()})
}

func (l *loader) foreignRelation() string {
	return "read_parquet(" + literal(l.task.Load.Source) + ", hive_partitioning = false)"
}

// describe gives the columns their names, by the rules for headers, and types.
func (l *loader) describe(ctx context.Context, db *sql.DB) ([]foreign, error) {
	rows, err := db.QueryContext(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "+l.foreignRelation()+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var columns []foreign
	var header []string
	for rows.Next() {
		var c foreign
		if err := rows.Scan(&c.name, &c.typ); err != nil {
			return nil, err
		}
		columns, header = append(columns, c), append(header, c.name)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(columns) > csv.MaxColumns {
		return nil, records.FormatFault("too_many_columns", "max", csv.MaxColumns)
	}
	names, renamed := csv.ColumnNames(header)
	l.text = &csv.Result{Renamed: renamed}
	for i := range columns {
		columns[i].Name = names[i]
	}
	return columns, nil
}

var decimalType = regexp.MustCompile(`^DECIMAL\(([0-9]+),([0-9]+)\)$`)

// choose gives the column a type; false where none fits.
func (c *foreign) choose() bool {
	name := identifier(c.name)
	switch c.typ {
	case "BOOLEAN":
		c.Type, c.value = core.TypeBool, name
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER":
		c.Type, c.value = core.TypeInt64, name+"::BIGINT"
	case "UBIGINT", "HUGEINT", "UHUGEINT":
		c.Type, c.value = core.TypeInt64, "TRY_CAST("+name+" AS BIGINT)"
	case "FLOAT", "DOUBLE": // what is no number, or endless, is no value
		c.Type, c.value = core.TypeFloat64, "CASE WHEN isfinite("+name+") THEN "+name+"::DOUBLE END"
	case "DATE":
		c.Type, c.value = core.TypeDate, name
	case "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS":
		c.Type, c.value = core.TypeDatetime, name+"::TIMESTAMP"
	case "TIMESTAMP WITH TIME ZONE":
		c.Type, c.Zoned, c.value = core.TypeDatetime, true, name+"::TIMESTAMPTZ"
	case "VARCHAR", "UUID", "TIME", "TIME_NS", "TIME WITH TIME ZONE", "INTERVAL", "JSON":
		c.Type, c.value = core.TypeString, name+"::VARCHAR"
	default:
		return c.chooseOther(name)
	}
	return true
}

func (c *foreign) chooseOther(name string) bool {
	if strings.HasPrefix(c.typ, "ENUM(") {
		c.Type, c.value = core.TypeString, name+"::VARCHAR"
		return true
	}
	d := decimalType.FindStringSubmatch(c.typ)
	if d == nil {
		return false
	}
	if digits, _ := strconv.Atoi(d[1]); d[2] == "0" && digits <= 18 {
		c.Type, c.value = core.TypeInt64, name+"::BIGINT"
		return true
	}
	c.Type, c.value = core.TypeFloat64, name+"::DOUBLE"
	return true
}

// exact is true where the value keeps every digit; "" where it always does.
func (c *foreign) exact() string {
	switch {
	case c.Type == core.TypeInt64 && strings.HasSuffix(c.typ, "HUGEINT"), c.typ == "UBIGINT":
		return c.value + " IS NOT NULL"
	case c.Type == core.TypeFloat64 && strings.HasPrefix(c.typ, "DECIMAL"):
		return fmt.Sprintf("TRY_CAST(%s AS %s) = %s", c.value, c.typ, identifier(c.name))
	}
	return ""
}

// checks are what has to be known of a column's values: how many there are, how
// long the longest text is, and whether all keep what they are.
func (c *foreign) checks() []string {
	counted, length, holds := identifier(c.name), "0", "true"
	switch exact := c.exact(); {
	case c.Type == core.TypeString:
		length = "max(strlen(" + c.value + "))"
	case c.Type == core.TypeDate || c.Type == core.TypeDatetime:
		holds = fmt.Sprintf("bool_and(isfinite(%s) AND year(%s) BETWEEN 1 AND 9999)", c.value, c.value)
	case c.typ == "FLOAT" || c.typ == "DOUBLE":
		counted = c.value
	case exact != "":
		holds = fmt.Sprintf("bool_and(%s IS NULL OR %s)", identifier(c.name), exact)
	}
	return []string{"count(" + counted + ")", "coalesce(" + length + ", 0)", "coalesce(" + holds + ", true)"}
}

// measure looks at all values, and makes text of numbers that would lose digits.
func (l *loader) measure(ctx context.Context, db *sql.DB, columns []foreign) error {
	selected := []string{"count(*)"}
	for i := range columns {
		if !columns[i].choose() {
			return records.FormatFault("column_type", "column", columns[i].Name, "type", csv.Sample([]byte(columns[i].typ)))
		}
		selected = append(selected, columns[i].checks()...)
	}
	if err := l.countCells(ctx, db, len(columns)); err != nil {
		return err
	}
	counts, lengths, holds := make([]int64, len(columns)), make([]int64, len(columns)), make([]bool, len(columns))
	into := []any{&l.text.Rows}
	for i := range columns {
		into = append(into, &counts[i], &lengths[i], &holds[i])
	}
	err := db.QueryRowContext(ctx, "SELECT "+strings.Join(selected, ", ")+" FROM "+l.foreignRelation()).Scan(into...)
	for i := 0; i < len(columns) && err == nil; i++ {
		c := &columns[i]
		c.Nullable = counts[i] < l.text.Rows
		err = c.judge(lengths[i], holds[i])
	}
	return err
}

// judge is what follows from a column's values.
func (c *foreign) judge(length int64, holds bool) error {
	switch {
	case length > csv.MaxFieldBytes:
		return records.FormatFault("text_too_long", "column", c.Name, "max", csv.HumanBytes(csv.MaxFieldBytes))
	case holds:
	case c.Type == core.TypeDate || c.Type == core.TypeDatetime:
		return records.FormatFault("far_date", "column", c.Name)
	default:
		c.Type, c.value = core.TypeString, identifier(c.name)+"::VARCHAR"
	}
	return nil
}

// countCells refuses a file that unfolds to more than any honest one of its size,
// before its values are looked at.
func (l *loader) countCells(ctx context.Context, db *sql.DB, columns int) error {
	var rows int64
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+l.foreignRelation()).Scan(&rows); err != nil {
		return err
	}
	most := cellsPerByte * cmp.Or(l.task.Load.MaxBytes, 100<<20)
	if rows > most/int64(max(columns, 1)) {
		return records.FormatFault("too_many_cells", "max", most)
	}
	return nil
}

// checkDates sees that the columns that must hold dates do.
func (l *loader) checkDates() error {
	for _, name := range l.task.Load.Options.DateColumns {
		i := slices.IndexFunc(l.text.Columns, func(c csv.Column) bool { return c.Name == name })
		if i < 0 {
			f := records.FormatFault("unknown_column", "column", name)
			f.Code = core.CodeValidation
			return f
		}
		if t := l.text.Columns[i].Type; t != core.TypeDate && t != core.TypeDatetime {
			return records.FormatFault("not_dates", "column", name)
		}
	}
	return nil
}

// copyForeign writes the rows of the file as one part, in their order.
func (l *loader) copyForeign(ctx context.Context, names []string, compression string, _ float64, done func(i int, path string) error) error {
	db, err := l.openForeign(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var selected []string
	for i, name := range names {
		if name != "" {
			selected = append(selected, l.from[i]+" AS "+identifier(name))
		}
	}
	path := filepath.Join(l.task.Dir, "part-0000.parquet")
	query := "SELECT " + strings.Join(selected, ", ") + " FROM " + l.foreignRelation()
	if err := l.copyPart(ctx, db, query, path, compression, l.text.Rows); err != nil {
		return foreignFault(ctx, err)
	}
	return done(0, path)
}

// foreignFault is what DuckDB says of a file that somebody else wrote: unless
// memory ran out, the file is wrong.
func foreignFault(ctx context.Context, err error) error {
	e, ok := errors.AsType[*duckdb.Error](err)
	switch {
	case !ok || ctx.Err() != nil:
		return err
	case e.Type == duckdb.ErrorTypeIO && strings.Contains(e.Msg, "write"):
		return err // our own disk
	case e.Type == duckdb.ErrorTypeOutOfMemory:
		return records.FormatFault("unreadable")
	}
	return records.FormatFault("damaged")
}
