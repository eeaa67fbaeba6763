package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/app"
	"github.com/karuta-bi/karuta/internal/core"
)

// cancelPatience is how long the end of a cancelled import is waited for.
const cancelPatience = 15 * time.Second

type importCmd struct {
	File        string `arg:"" help:"The file: CSV, Excel, JSON lines or Parquet." type:"existingfile"`
	Owner       string `required:"" help:"Address of the account that the dataset will belong to." placeholder:"EMAIL"`
	Name        string `help:"Name of the dataset. Default: the file's." placeholder:"NAME"`
	Description string `help:"What the data is." placeholder:"TEXT"`
	Encoding    string `help:"utf-8, utf-16, shift_jis or cp932. Default: found." placeholder:"NAME"`
	Delimiter   string `help:"One character. Default: found." placeholder:"CHAR"`
	NoHeader    bool   `help:"The first line is data."`
	SkipRows    int    `help:"Lines to pass over before the header." placeholder:"N"`
	Quiet       bool   `short:"q" help:"Show no progress."`
}

// Help shows an example.
func (importCmd) Help() string {
	return `Progress goes to standard error: a bar on a terminal, else a line for each tenth. Ctrl-C cancels the import.

Example: karuta import sales.csv --owner hanako@example.com --name "Sales 2026"`
}

// Run sends the file to the running Karuta, or imports it here where none runs.
func (i *importCmd) Run(sh *shell, c *cli) error {
	f, err := os.Open(i.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	p := sh.watch(info.Size())
	if i.Quiet {
		p.out, p.width = io.Discard, nil
	}
	stop := p.during()
	in := &heard{}
	row, err := i.send(sh, c, p.file(f), func(told app.ImportTold) { in.take(told); p.hear(told.Events) })
	stop()
	if sh.ctx.Err() != nil {
		row, err = i.cancel(sh, c, in.jobID)
	}
	if err != nil {
		return err
	}
	i.print(sh, row, in.notes)
	return nil
}

// heard is what has to be known of an import afterwards.
type heard struct {
	jobID string
	notes []core.ImportEvent
}

func (h *heard) take(told app.ImportTold) {
	h.jobID = told.JobID
	for _, ev := range told.Events {
		if ev.Kind == core.ImportEventNote {
			h.notes = append(h.notes, ev)
		}
	}
}

// send lets the file be imported and waits for the end.
func (i *importCmd) send(sh *shell, c *cli, file io.Reader, hear func(app.ImportTold)) (row app.ImportRow, err error) {
	listening := *sh
	listening.ctx = app.HearImport(sh.ctx, hear)
	name := i.Name
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(i.File), filepath.Ext(i.File))
	}
	err = listening.operate(c, app.VerbImport, app.ImportArgs{
		Name: name, Description: i.Description, Filename: filepath.Base(i.File), Owner: i.Owner,
		Options: i.options(),
	}, file, &row)
	return row, err
}

// cancel makes sure that the import ends, and gives what came out where it was done
// before.
func (i *importCmd) cancel(sh *shell, c *cli, jobID string) (row app.ImportRow, err error) {
	if jobID == "" { // it had not begun
		return row, &core.Error{Code: core.CodeExecution, Reason: "import_cancelled"}
	}
	later := *sh
	var stop context.CancelFunc
	later.ctx, stop = context.WithTimeout(context.WithoutCancel(sh.ctx), cancelPatience)
	defer stop()
	err = later.operate(c, app.VerbImportCancel, app.JobArgs{ID: jobID}, nil, &row)
	return row, err
}

// print says what came out, and what to know of it.
func (i *importCmd) print(sh *shell, row app.ImportRow, notes []core.ImportEvent) {
	fmt.Fprintf(sh.out, "%s  %s: %d rows, %d columns", row.ID, row.Name, row.Rows, len(row.Columns))
	if i.SkipRows > 0 {
		fmt.Fprintf(sh.out, ", lines skipped: %d", i.SkipRows)
	}
	fmt.Fprintln(sh.out)
	for _, col := range row.Columns {
		fmt.Fprintf(sh.out, "  %-8s  %s\n", col.Type, col.Name)
	}
	for _, note := range notes {
		fmt.Fprintln(sh.out, "note:", note.Sentence(language(sh.environ)))
	}
}

func (i *importCmd) options() core.CSVOptions {
	header := !i.NoHeader
	return core.CSVOptions{Encoding: i.Encoding, Delimiter: i.Delimiter, Header: &header, SkipRows: i.SkipRows}
}
