package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/internal/core"
)

// sorted writes the rows in the order of the sort column, equal ones in the order
// of the file, nulls last. It is one part, because DuckDB keeps the order within a
// file only.
func (l *loader) sorted(ctx context.Context) error {
	by := slices.IndexFunc(l.text.Columns, func(c csv.Column) bool { return c.Name == l.task.Load.Options.SortColumn && !l.drops(c) })
	if by < 0 {
		return &csv.Fault{Problem: client.Problem{Code: core.CodeValidation, Reason: "unknown_column",
			Args: map[string]any{"column": l.task.Load.Options.SortColumn}}}
	}
	names := make([]string, len(l.text.Columns)) // internal ones: DuckDB adds columns of its own
	var final []string
	for i, c := range l.text.Columns {
		if l.drops(c) {
			continue
		}
		names[i] = internalName(i)
		final = append(final, names[i]+" AS "+identifier(c.Name))
	}
	var staged []string
	err := l.copy(ctx, names, "snappy", scanShare+copyShare*(1-sortShare), func(i int, path string) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		staged = append(staged, path)
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(staged)
	return l.sort(ctx, staged, fmt.Sprintf("SELECT %s FROM read_parquet([%s], file_row_number = true) ORDER BY %s NULLS LAST, file_index, file_row_number",
		strings.Join(final, ", "), literals(staged), internalName(by)))
}

func (l *loader) sort(ctx context.Context, staged []string, query string) error {
	db, err := l.open(ctx, l.task.MemoryMB*3/8, l.cores()) // it takes more than it is told
	if err != nil {
		return err
	}
	defer db.Close()
	path := filepath.Join(l.task.Dir, "sorted.parquet")
	if err := l.copyPart(ctx, db, query, path, stored, l.text.Rows); err != nil {
		return err
	}
	for _, s := range staged {
		if err := os.Remove(s); err != nil {
			return err
		}
	}
	return l.finished(0, path)
}
