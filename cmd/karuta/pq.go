package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/karuta-bi/karuta/internal/app"
)

type pqCmd struct {
	Publish pqPublishCmd `cmd:"" help:"Register the operations of a manifest, all or none."`
	List    pqListCmd    `cmd:"" help:"List registered operations and how often they are used."`
	Diff    pqDiffCmd    `cmd:"" help:"Tell what publishing a manifest would change; exit code 1 where it would change something."`
	Retire  pqRetireCmd  `cmd:"" help:"End a registered operation: nobody may ask for it any more."`
}

type pqPublishCmd struct {
	Manifest    string `arg:"" help:"File that generate-persisted-query-manifest, the Relay compiler or GraphQL Code Generator wrote; - is standard input."`
	Email       string `help:"Address of who answers for operations that are new; left out, administrators do." placeholder:"E"`
	Class       string `help:"What new operations count as beside their root fields, where it is limited how often things may be asked: ${enum}." enum:"API,SEARCH,LLM,ADMIN" default:"API"`
	Description string `help:"What new operations are for." placeholder:"TEXT"`
	DryRun      bool   `help:"Only tell."`
}

// Help shows an example.
func (pqPublishCmd) Help() string {
	return `The same manifest once more changes nothing. Operations that are not in the manifest stay.
An operation with another document gets a further version; the versions before go on answering to the hash of their document.

Example: karuta pq publish persisted-query-manifest.json --email hanako@example.com`
}

// Run publishes the manifest.
func (p *pqPublishCmd) Run(sh *shell, c *cli) error {
	rows, err := publish(sh, c, p.Manifest, app.OperationArgs{Email: p.Email, Class: p.Class, Description: p.Description, DryRun: p.DryRun, Locale: language(sh.environ)})
	if err != nil {
		return err
	}
	if _, err := printFates(sh, rows); err != nil {
		return err
	}
	if p.DryRun {
		_, err = fmt.Fprintln(sh.err, "this was a dry run: nothing was registered")
	}
	return err
}

type pqDiffCmd struct {
	Manifest string `arg:"" help:"File that generate-persisted-query-manifest, the Relay compiler or GraphQL Code Generator wrote; - is standard input."`
}

// Help shows an example.
func (pqDiffCmd) Help() string {
	return `Example: karuta pq diff persisted-query-manifest.json`
}

// Run compares the manifest.
func (p *pqDiffCmd) Run(sh *shell, c *cli) error {
	rows, err := publish(sh, c, p.Manifest, app.OperationArgs{DryRun: true, Locale: language(sh.environ)})
	if err != nil {
		return err
	}
	changes, err := printFates(sh, rows)
	if err == nil && changes > 0 {
		return exit(exitFailed)
	}
	return err
}

func publish(sh *shell, c *cli, file string, args app.OperationArgs) (rows []app.OperationRow, err error) {
	from := sh.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, usageError{err}
		}
		defer func() { _ = f.Close() }()
		from = f
	}
	err = sh.operate(c, app.VerbPublish, args, from, &rows)
	return rows, err
}

// printFates tells what becomes of each operation, and how many change.
func printFates(sh *shell, rows []app.OperationRow) (changes int, err error) {
	w := tabwriter.NewWriter(sh.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OPERATION\tID\tTYPE\tVERSION\tMANIFEST")
	count := map[string]int{}
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", r.Name, r.ID, r.Type, r.Version, r.Fate)
		count[string(r.Fate)]++
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	_, err = fmt.Fprintf(sh.out, "%d new, %d changed, %d the same, %d not in the manifest\n", count["new"], count["changed"], count["same"], count["other"])
	printNotes(sh.err, rows)
	return count["new"] + count["changed"], err
}

// printNotes names the operations that nobody, or not everybody, can run.
func printNotes(to io.Writer, rows []app.OperationRow) {
	for _, r := range rows {
		if r.Note != "" {
			fmt.Fprintf(to, "karuta: %s (%s): %s\n", r.Name, r.ID, r.Note)
		}
	}
}

type pqListCmd struct {
	Retired bool `help:"Those that were retired too."`
}

// Help shows an example.
func (pqListCmd) Help() string { return `Example: karuta pq list` }

// Run lists the operations.
func (p *pqListCmd) Run(sh *shell, c *cli) error {
	var rows []app.OperationRow
	if err := sh.operate(c, app.VerbOperations, app.OperationArgs{Retired: p.Retired, Locale: language(sh.environ)}, nil, &rows); err != nil {
		return err
	}
	printNotes(sh.err, rows)
	return printOperations(sh.out, rows...)
}

type pqRetireCmd struct {
	ID string `arg:"" help:"Id of the operation, from karuta pq list."`
}

// Help shows an example.
func (pqRetireCmd) Help() string {
	return `The id stays taken. What was retired before stays as it is.

Example: karuta pq retire reports/sales`
}

// Run ends the operation.
func (p *pqRetireCmd) Run(sh *shell, c *cli) error {
	var row app.OperationRow
	if err := sh.operate(c, app.VerbRetire, app.OperationArgs{ID: p.ID}, nil, &row); err != nil {
		return err
	}
	return printOperations(sh.out, row)
}

func printOperations(out io.Writer, rows ...app.OperationRow) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OPERATION\tID\tTYPE\tVERSION\tCLASS\tOWNER\tUSES\tUSED\tRETIRED")
	day := func(at time.Time, none string) string {
		if at.IsZero() {
			return none
		}
		return at.Format(time.DateOnly)
	}
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%d\t%s\t%s\n", r.Name, r.ID, r.Type, r.Version, r.Class, r.Email, r.Uses, day(r.LastAt, "never"), day(r.RetiredAt, "no"))
	}
	return w.Flush()
}
