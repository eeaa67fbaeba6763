package main

import (
	"fmt"
	"slices"

	"github.com/karuta-bi/karuta/internal/app"
)

type seedCmd struct {
	Env string `help:"Has to be local: said by hand, so that nobody seeds another environment by mistake. Default: ${default}." default:"local" placeholder:"ENV"`
}

// Help shows an example.
func (seedCmd) Help() string { return `Example: karuta seed --env local --data-dir .karuta` }

// Run makes what is missing.
func (s *seedCmd) Run(sh *shell, c *cli) error {
	if s.Env != "local" {
		return usageError{app.ErrSeedLocal}
	}
	var row app.SeedRow
	if err := sh.operate(c, app.VerbSeed, struct{}{}, nil, &row); err != nil {
		return err
	}
	for _, email := range row.Emails {
		state := "was there, its password is as it was"
		if slices.Contains(row.Made, email) {
			state = "password " + row.Password
		}
		fmt.Fprintf(sh.out, "%-24s %s\n", email, state)
	}
	fmt.Fprintln(sh.out, "dataset", row.Dataset)
	return nil
}
