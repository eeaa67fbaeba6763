package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/internal/core"
)

var errNoMemory = errors.New("no memory left for the result")

// access is the files that a DuckDB may open; the worker's own folder is always among them.
type access struct {
	dir      string
	paths    []string
	memoryMB int64
	threads  int
}

// open makes a DuckDB in memory that can reach the files it was opened for and
// nothing else, whatever SQL it is given. Each task has its own.
func open(ctx context.Context, a access) (*sql.DB, error) {
	settings := url.Values{
		"memory_limit":                 {fmt.Sprintf("%dMiB", a.memoryMB)},
		"threads":                      {strconv.Itoa(a.threads)},
		"temp_directory":               {filepath.Join(a.dir, "spill")},
		"autoinstall_known_extensions": {"false"},
		"autoload_known_extensions":    {"false"},
		"allow_community_extensions":   {"false"},
		"arrow_large_buffer_size":      {"true"},
		"preserve_insertion_order":     {"true"},
	}
	connector, err := duckdb.NewConnector("?"+settings.Encode(), nil)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1) // some settings are the connection's
	for _, statement := range []string{
		"SET TimeZone = 'UTC'",
		"SET allowed_directories = [" + literal(a.dir) + "]",
		"SET allowed_paths = [" + literals(a.paths) + "]",
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", statement, err), db.Close())
		}
	}
	return db, nil
}

// sqlType is the type that a column has in DuckDB and in Parquet.
func sqlType(c core.Column) string {
	switch c.Type {
	case core.TypeInt64:
		return "BIGINT"
	case core.TypeFloat64:
		return "DOUBLE"
	case core.TypeBool:
		return "BOOLEAN"
	case core.TypeDate:
		return "DATE"
	case core.TypeDatetime:
		if c.Zoned {
			return "TIMESTAMPTZ"
		}
		return "TIMESTAMP"
	}
	return "VARCHAR"
}

// identifier quotes a name for SQL.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal quotes a text for SQL where no parameter can stand.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func literals(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = literal(t)
	}
	return strings.Join(quoted, ", ")
}

func identifiers(columns []core.Column) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = identifier(c.Name)
	}
	return strings.Join(quoted, ", ")
}

// failed is the event for an error of a task: a problem with the file, or a
// failure of ours.
func failed(err error) event {
	if fault, ok := errors.AsType[*csv.Fault](err); ok {
		return event{Problem: &fault.Problem}
	}
	f := &failure{Code: core.CodeInternal, Message: err.Error()}
	if e, ok := errors.AsType[*duckdb.Error](err); ok {
		switch e.Type {
		case duckdb.ErrorTypeOutOfMemory:
			f.Code = core.CodeMemoryLimit
		case duckdb.ErrorTypeFatal, duckdb.ErrorTypeInternal:
			f.Fatal = true
		}
	}
	return event{Failure: f}
}
