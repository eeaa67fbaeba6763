package main

import (
	"errors"
	"fmt"

	"github.com/karuta-bi/karuta/internal/config"
)

type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Tell what is wrong with the configuration; exit code 2 where something is."`
	Print configPrintCmd `cmd:"" help:"Show every setting in effect, secrets hidden."`
}

type configCheckCmd struct{}

// Help shows an example.
func (configCheckCmd) Help() string { return `Example: ENV=production karuta config check` }

// Run reads the configuration and says what it finds; a misspelt variable counts.
func (configCheckCmd) Run(sh *shell, c *cli) error {
	_, warnings, err := config.Load(sh.environment(c, nil))
	if err != nil || len(warnings) > 0 {
		for _, w := range warnings {
			err = errors.Join(err, errors.New(w.String()))
		}
		return usageError{err}
	}
	fmt.Fprintln(sh.out, "ok")
	return nil
}

type configPrintCmd struct{}

// Help shows an example.
func (configPrintCmd) Help() string { return `Example: karuta config print --data-dir .karuta` }

// Run prints the settings.
func (configPrintCmd) Run(sh *shell, c *cli) error {
	conf, err := sh.settings(c)
	if err != nil {
		return err
	}
	fmt.Fprint(sh.out, conf)
	return nil
}
