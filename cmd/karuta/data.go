package main

import (
	"fmt"

	"github.com/karuta-bi/karuta/internal/app"
)

type dataCmd struct {
	Reset dataResetCmd `cmd:"" help:"Erase everything in the data folder; asks first."`
}

type dataResetCmd struct {
	Yes bool `help:"Do not ask."`
}

// Help shows an example.
func (dataResetCmd) Help() string {
	return `For ENV=local alone, while nothing runs on the folder. Sign-ins end too.

Example: karuta data reset --data-dir .karuta`
}

// Run erases the data once the operator has typed yes.
func (d *dataResetCmd) Run(sh *shell, c *cli) error {
	conf, err := sh.settings(c)
	if err != nil {
		return err
	}
	if !d.Yes {
		fmt.Fprintf(sh.out, "This erases all data in %s. Type yes to go on: ", conf.DataDir)
		answer, err := firstLine(sh.in)
		if err != nil {
			return err
		}
		if answer != "yes" {
			fmt.Fprintln(sh.out, "Nothing was erased.")
			return exit(exitRefused)
		}
	}
	removed, err := app.Reset(conf)
	for _, path := range removed {
		fmt.Fprintln(sh.out, "erased", path)
	}
	return err
}
