package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/executor/engine/records"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	scanShare = 0.35 // of the progress, for reading the CSV
	copyShare = 0.6  // for writing Parquet; sorting takes sortShare of it
	sortShare = 0.6
	leastMB   = 256 // of memory for writing one part
)

// Parquet is read and written a row group at a time: small ones let a preview and a
// filter on a sorted column read little, and wide rows take bounded memory.
const (
	mostGroupRows  = 32768
	leastGroupRows = 2048
	mostGroupBytes = 32 << 20
)

// stored is how parts are compressed: the first level writes in three quarters of the
// time of the usual third one and takes 7 % more room.
const stored = "zstd, COMPRESSION_LEVEL 1"

// partFormat is how parts are encoded, which nobody else reads. The second version of
// Parquet keeps numbers, times and texts that have many different values by their
// differences: DuckDB writes it faster, and it takes 10 % less room.
const partFormat = "FORMAT parquet, PARQUET_VERSION V2"

// loader makes Parquet parts of a file.
type loader struct {
	task task
	copy func(ctx context.Context, names []string, compression string, up float64, done func(i int, path string) error) error
	from []string // of a Parquet file: the values of the columns as SQL
	text *csv.Result
	size int64 // of the text's parts together
	tell func(event) error

	mu     sync.Mutex
	parts  map[int]string // paths of the Parquet parts, by their number
	copied float64        // progress since the scan
	told   float64
}

// load reads the file and writes its rows as Parquet parts into the worker's
// folder. Each core loads other parts of the text, so the order of the rows costs
// no speed; every count of DuckDB's must be the one that the reading found. The
// file is the version's summary; where that cannot be made, the import goes on.
func load(ctx context.Context, t task, tell func(event) error) (*loaded, *os.File, error) {
	l := &loader{task: t, tell: tell, parts: map[int]string{}}
	if err := l.look(ctx); err != nil {
		return nil, nil, err
	}
	write := l.inOrder
	if t.Load.Options.SortColumn != "" {
		write = l.sorted
	}
	if err := write(ctx); err != nil {
		return nil, nil, err
	}
	done := &loaded{Columns: l.columns(), Rows: l.text.Rows, Renamed: l.text.Renamed}
	if t.Load.Options.Format == core.FormatCSV {
		done.Encoding, done.Delimiter = l.text.Encoding, l.text.Delimiter
	}
	file, err := l.summary(ctx)
	if err != nil {
		done.Unsummed = err.Error()
	}
	return done, file, nil
}

// summary makes the summary of the parts, which stay in the worker's folder until it ends.
func (l *loader) summary(ctx context.Context) (*os.File, error) {
	l.tellStage(core.StageSummarising, scanShare+copyShare)
	paths := make([]string, len(l.parts))
	for i := range paths {
		paths[i] = l.parts[i]
	}
	t := l.task
	t.Summary = &summaryTask{data{Source: client.Source{Columns: l.columns()}, Paths: paths}}
	return readSummary(ctx, t)
}

// look finds out what the file holds, and how its parts are copied.
func (l *loader) look(ctx context.Context) error {
	options, dir := l.task.Load, l.task.Dir
	scan := csv.Options{
		CSVOptions: options.Options, Dir: dir, MaxBytes: options.MaxBytes, Cores: l.task.Threads,
		Progress: func(share float64) { l.advance(share * scanShare) },
	}
	l.copy = l.copyParts
	if err := l.lookInto(ctx, scan); err != nil {
		return err
	}
	if len(l.columns()) == 0 {
		f := records.FormatFault("no_columns_left")
		f.Code = core.CodeValidation
		return f
	}
	return nil
}

func (l *loader) lookInto(ctx context.Context, scan csv.Options) error {
	options, dir := l.task.Load, l.task.Dir
	switch options.Options.Format {
	case core.FormatCSV:
		return l.scan(ctx, options.Source, scan)
	case core.FormatParquet:
		l.copy = l.copyForeign
		return l.lookIntoParquet(ctx)
	}
	text, err := records.Convert(ctx, options.Source, records.Options{
		CSVOptions: options.Options, Path: filepath.Join(dir, "text.csv"), MaxBytes: options.MaxBytes,
		Progress: func(share float64) { l.advance(share * scanShare / 2) },
	})
	if err != nil {
		return err
	}
	defer text.Close()
	scan.CSVOptions, scan.Text, scan.MaxBytes = text.Options, text.Text, 0
	scan.Progress = func(share float64) { l.advance((1 + share) * scanShare / 2) }
	err = l.scan(ctx, filepath.Join(dir, "text.csv"), scan)
	if fault, ok := errors.AsType[*csv.Fault](err); ok {
		return text.Locate(ctx, fault)
	}
	return errors.Join(err, os.Remove(filepath.Join(dir, "text.csv")))
}

// scan reads a CSV file into parts of clean text.
func (l *loader) scan(ctx context.Context, path string, opts csv.Options) (err error) {
	l.text, err = csv.Scan(ctx, path, opts)
	if err != nil {
		return err
	}
	for _, p := range l.text.Parts {
		info, err := os.Stat(p.Path)
		if err != nil {
			return err
		}
		l.size += info.Size()
	}
	return nil
}

// inOrder makes a Parquet part of each part of the text.
func (l *loader) inOrder(ctx context.Context) error {
	names := make([]string, len(l.text.Columns))
	for i, c := range l.text.Columns {
		if !l.drops(c) {
			names[i] = c.Name
		}
	}
	return l.copy(ctx, names, stored, scanShare+copyShare, l.finished)
}

// drops tells whether nothing of the column is stored.
func (l *loader) drops(c csv.Column) bool {
	return slices.Contains(l.task.Load.Options.DropColumns, c.Name)
}

// copyParts writes a Parquet file for each part of the text that has rows, on all
// cores. A column whose name is "" is left out. up is the progress when the last one is done.
func (l *loader) copyParts(ctx context.Context, names []string, compression string, up float64, done func(i int, path string) error) error {
	parts := slices.DeleteFunc(slices.Clone(l.text.Parts), func(p csv.Part) bool { return p.Rows == 0 })
	if len(parts) == 0 {
		parts = l.text.Parts[:1] // a header alone makes an empty part
	}
	jobs := make(chan int, len(parts))
	for i := range parts {
		jobs <- i
	}
	close(jobs)
	cores := min(l.cores(), len(parts))
	step := (up - scanShare) / float64(len(parts))
	group, ctx := errgroup.WithContext(ctx)
	for range cores {
		group.Go(func() error {
			db, err := l.open(ctx, l.task.MemoryMB/int64(cores), 1)
			if err != nil {
				return err
			}
			defer db.Close()
			for i := range jobs {
				path := filepath.Join(l.task.Dir, fmt.Sprintf("part-%04d.parquet", i))
				if err := l.copyPart(ctx, db, l.selectCSV(parts[i].Path, names), path, compression, parts[i].Rows); err != nil {
					return err
				}
				if err := errors.Join(os.Remove(parts[i].Path), done(i, path)); err != nil {
					return err
				}
				l.step(step)
			}
			return nil
		})
	}
	return group.Wait()
}

// cores is how many cores can work with the memory that there is.
func (l *loader) cores() int { return max(1, min(l.task.Threads, int(l.task.MemoryMB/leastMB))) }

// open gives a DuckDB that sees the worker's folder.
func (l *loader) open(ctx context.Context, memoryMB int64, threads int) (*sql.DB, error) {
	return open(ctx, access{dir: l.task.Dir, memoryMB: memoryMB, threads: threads})
}

// copyPart writes what a query selects as a Parquet file and compares the number of
// rows.
func (l *loader) copyPart(ctx context.Context, db *sql.DB, query, path, compression string, rows int64) error {
	return copyRows(ctx, db, query, path, compression, groupRows(l.size, l.text.Rows), rows)
}

// executor is a DuckDB, or one connection of it.
type executor interface {
	ExecContext(ctx context.Context, statement string, values ...any) (sql.Result, error)
}

func copyRows(ctx context.Context, db executor, query, path, compression string, group, rows int64) error {
	result, err := db.ExecContext(ctx, fmt.Sprintf("COPY (%s) TO %s (%s, COMPRESSION %s, ROW_GROUP_SIZE %d)",
		query, literal(path), partFormat, compression, group))
	if err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	got, err := result.RowsAffected()
	if err == nil && got != rows {
		err = fmt.Errorf("write Parquet: %d rows of %d", got, rows)
	}
	return err
}

// groupRows is how many rows a row group has, by how long they are.
func groupRows(size, rows int64) int64 {
	fit := mostGroupBytes / max(1, size/max(1, rows))
	return min(mostGroupRows, max(leastGroupRows, fit/leastGroupRows*leastGroupRows))
}

// finished tells the engine of a part.
func (l *loader) finished(i int, path string) error {
	l.mu.Lock()
	l.parts[i] = path
	l.mu.Unlock()
	return tellPart(l.tell, i, path)
}

func tellPart(tell func(event) error, i int, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return tell(event{Part: &partFile{Index: i, Path: path, Bytes: info.Size()}})
}

func (l *loader) columns() []core.Column {
	columns := make([]core.Column, 0, len(l.text.Columns))
	for _, c := range l.text.Columns {
		if !l.drops(c) {
			columns = append(columns, c.Column)
		}
	}
	return columns
}

// advance tells progress in steps that are worth a message.
func (l *loader) advance(to float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reach(to)
}

// step adds to the progress after the scan.
func (l *loader) step(by float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.copied += by
	l.reach(scanShare + l.copied)
}

func (l *loader) reach(to float64) {
	if to < l.told+0.01 {
		return
	}
	stage := core.StageReading
	if to > scanShare {
		stage = core.StageWriting
	}
	l.tellStage(stage, to)
}

func (l *loader) tellStage(stage core.ImportStage, progress float64) {
	l.told = progress
	ev := event{Progress: progress, Stage: stage}
	if l.text != nil {
		ev.Counted = l.text.Rows
	}
	_ = l.tell(ev) // an engine that is gone ends this process
}
