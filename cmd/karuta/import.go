package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/karuta-bi/karuta/internal/app"
	"github.com/karuta-bi/karuta/internal/core"
)

type importCmd struct {
	File        string `arg:"" help:"The CSV file." type:"existingfile"`
	Owner       string `required:"" help:"Address of the account that the dataset will belong to." placeholder:"EMAIL"`
	Name        string `help:"Name of the dataset. Default: the file's." placeholder:"NAME"`
	Description string `help:"What the data is." placeholder:"TEXT"`
	Encoding    string `help:"utf-8, utf-16, shift_jis or cp932. Default: found." placeholder:"NAME"`
	Delimiter   string `help:"One character. Default: found." placeholder:"CHAR"`
	NoHeader    bool   `help:"The first line is data."`
}

// Help shows an example.
func (importCmd) Help() string {
	return `Example: karuta import sales.csv --owner hanako@example.com --name "Sales 2026"`
}

// Run sends the file to the running Karuta, or imports it here where none runs.
func (i *importCmd) Run(sh *shell, c *cli) error {
	f, err := os.Open(i.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	name := i.Name
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(i.File), filepath.Ext(i.File))
	}
	var row app.ImportRow
	err = sh.operate(c, app.VerbImport, app.ImportArgs{
		Name: name, Description: i.Description, Filename: filepath.Base(i.File), Owner: i.Owner,
		Options: i.options(),
	}, f, &row)
	if err != nil {
		return err
	}
	fmt.Fprintf(sh.out, "%s  %s: %d rows\n", row.ID, row.Name, row.Rows)
	for _, col := range row.Columns {
		fmt.Fprintf(sh.out, "  %-8s  %s\n", col.Type, col.Name)
	}
	return nil
}

func (i *importCmd) options() core.CSVOptions {
	header := !i.NoHeader
	return core.CSVOptions{Encoding: i.Encoding, Delimiter: i.Delimiter, Header: &header}
}
