package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/karuta-bi/karuta/internal/app"
)

type tablesCmd struct {
	List   tablesListCmd   `cmd:"" help:"List the tables and whether they exist."`
	Init   tablesInitCmd   `cmd:"" help:"Create what is missing; may be run any number of times."`
	Verify tablesVerifyCmd `cmd:"" help:"Compare the tables with what they should be; exit code 1 where they differ."`
}

type tablesListCmd struct{}

// Help shows an example.
func (tablesListCmd) Help() string { return `Example: STORE=dynamodb karuta tables list` }

// Run lists the tables.
func (tablesListCmd) Run(sh *shell, c *cli) error {
	var rows []app.TableRow
	if err := sh.operate(c, app.VerbTablesList, struct{}{}, nil, &rows); err != nil {
		return err
	}
	printTables(sh.out, rows)
	return nil
}

type tablesInitCmd struct{}

// Help shows an example.
func (tablesInitCmd) Help() string { return `Example: STORE=dynamodb karuta tables init` }

// Run creates what is missing.
func (tablesInitCmd) Run(sh *shell, c *cli) error {
	var rows []app.TableRow
	if err := sh.operate(c, app.VerbTablesInit, struct{}{}, nil, &rows); err != nil {
		return err
	}
	printTables(sh.out, rows)
	return nil
}

type tablesVerifyCmd struct{}

// Help shows an example.
func (tablesVerifyCmd) Help() string { return `Example: STORE=dynamodb karuta tables verify` }

// Run compares the tables with their declaration.
func (tablesVerifyCmd) Run(sh *shell, c *cli) error {
	var rows []app.TableRow
	if err := sh.operate(c, app.VerbTablesList, struct{}{}, nil, &rows); err != nil {
		return err
	}
	if printTables(sh.out, rows) > 0 {
		return exit(exitFailed)
	}
	return nil
}

// printTables tells how many tables are not as they should be.
func printTables(out io.Writer, rows []app.TableRow) (bad int) {
	for _, r := range rows {
		state := "ok"
		switch {
		case !r.Exists:
			state = "missing"
		case len(r.Diffs) > 0:
			state = "differs: " + strings.Join(r.Diffs, "; ")
		}
		if state != "ok" {
			bad++
		}
		fmt.Fprintf(out, "%-28s %s\n", r.Name, state)
	}
	return bad
}
