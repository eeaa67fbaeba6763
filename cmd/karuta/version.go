package main

import (
	"fmt"
	"runtime"

	"github.com/karuta-bi/karuta/internal/app"
)

type versionCmd struct{}

// Help shows an example.
func (versionCmd) Help() string { return `Example: karuta version` }

// Run prints version, revision and toolchain.
func (versionCmd) Run(sh *shell) error {
	number, revision := app.Version()
	fmt.Fprintf(sh.out, "karuta %s (%s, %s)\n", number, revision, runtime.Version())
	return nil
}
