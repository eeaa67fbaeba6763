package main

import (
	"context"
	"errors"
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
	File   importFileCmd   `cmd:"" default:"withargs" help:"Import a file as a dataset: here, as one of somebody's, or at a server, as one of your own."`
	Follow importFollowCmd `cmd:"" help:"Follow an import at a server to its end."`
}

// Help shows an example.
func (importCmd) Help() string {
	return `karuta import FILE is karuta import file FILE; its flags are told by karuta import file --help.

Example: karuta import sales.csv --owner hanako@example.com`
}

type importFileCmd struct {
	File        string `arg:"" help:"The file: CSV, Excel, JSON lines or Parquet." type:"existingfile"`
	Owner       string `help:"Address of the account that the dataset will belong to, on this machine's data folder. Left out, the file is sent to a server." placeholder:"EMAIL"`
	Name        string `help:"Name of the dataset. Default: the file's." placeholder:"NAME"`
	Description string `help:"What the data is." placeholder:"TEXT"`
	Encoding    string `help:"utf-8, utf-16, shift_jis or cp932. Default: found." placeholder:"NAME"`
	Delimiter   string `help:"One character. Default: found." placeholder:"CHAR"`
	NoHeader    bool   `help:"The first line is data."`
	SkipRows    int    `help:"Lines to pass over before the header." placeholder:"N"`
	Follow      bool   `short:"f" help:"Stay until the import has ended; with --owner that is always so."`
	followFlags
}

// Help shows an example.
func (importFileCmd) Help() string {
	return `Progress goes to standard error: a bar on a terminal, else a line for each tenth. Ctrl-C cancels the import.
With --owner the running Karuta of the data folder imports the file, or this program where none runs. Without it the file goes to the server, and the dataset belongs to whom the token is of;
standard output gets the import's id, and with --follow what came out.

Example: karuta import file sales.csv --owner hanako@example.com --name "Sales 2026"

Example: KARUTA_TOKEN=… karuta import sales.csv --server https://karuta.example.com --follow`
}

// Run imports the file where it is to be imported.
func (i *importFileCmd) Run(sh *shell, c *cli) error {
	switch {
	case i.Owner != "" && i.Server != "":
		return usageError{errors.New("--owner imports on this machine's data folder, --server elsewhere as whom the token is of: give one of them")}
	case i.Owner != "" && i.JSON:
		return usageError{errors.New("--json is for imports at a server")}
	case i.Owner == "" && i.Server == "" && i.TokenFile == "" && sh.variable("KARUTA_TOKEN") == "":
		return usageError{errors.New("whose? Name the owner with --owner, or a server with --server and a token in KARUTA_TOKEN")}
	}
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
	if i.Owner == "" {
		return i.there(sh, c, p, f)
	}
	return i.here(sh, c, p, f)
}

// here sends the file to the running Karuta, or imports it here where none runs.
func (i *importFileCmd) here(sh *shell, c *cli, p *progress, file io.Reader) error {
	if i.Quiet {
		p.out, p.width = io.Discard, nil
	}
	stop := p.during()
	in := &heard{}
	row, err := i.send(sh, c, p.file(file), func(told app.ImportTold) { in.take(told); p.hear(told.Events) })
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
func (i *importFileCmd) send(sh *shell, c *cli, file io.Reader, hear func(app.ImportTold)) (row app.ImportRow, err error) {
	listening := *sh
	listening.ctx = app.HearImport(sh.ctx, hear)
	err = listening.operate(c, app.VerbImport, app.ImportArgs{
		Name: i.name(), Description: i.Description, Filename: filepath.Base(i.File), Owner: i.Owner,
		Options: i.options(),
	}, file, &row)
	return row, err
}

// name is the dataset's: the file's where none is given.
func (i *importFileCmd) name() string {
	if i.Name != "" {
		return i.Name
	}
	return strings.TrimSuffix(filepath.Base(i.File), filepath.Ext(i.File))
}

// cancel makes sure that the import ends, and gives what came out where it was done
// before.
func (i *importFileCmd) cancel(sh *shell, c *cli, jobID string) (row app.ImportRow, err error) {
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
func (i *importFileCmd) print(sh *shell, row app.ImportRow, notes []core.ImportEvent) {
	fmt.Fprintf(sh.out, "%s  %s: %d rows, %d columns", row.ID, row.Name, row.Rows, len(row.Columns))
	if i.SkipRows > 0 {
		fmt.Fprintf(sh.out, ", lines skipped: %d", i.SkipRows)
	}
	fmt.Fprintln(sh.out)
	printColumns(sh.out, row.Columns)
	for _, note := range notes {
		fmt.Fprintln(sh.out, "note:", note.Sentence(language(sh.environ)))
	}
}

func printColumns(out io.Writer, columns []core.Column) {
	for _, col := range columns {
		fmt.Fprintf(out, "  %-8s  %s\n", strings.ToLower(string(col.Type)), col.Name)
	}
}

func (i *importFileCmd) options() core.CSVOptions {
	header := !i.NoHeader
	return core.CSVOptions{Encoding: i.Encoding, Delimiter: i.Delimiter, Header: &header, SkipRows: i.SkipRows}
}
