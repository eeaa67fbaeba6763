package main

import (
	"fmt"

	"github.com/karuta-bi/karuta/internal/app"
)

type userDeactivateCmd struct {
	Email      string `arg:"" help:"Address of the account." placeholder:"E"`
	HandOverTo string `help:"Address of who gets what the person owns; left out, it stays with the locked account." placeholder:"E"`
	DryRun     bool   `help:"Only tell what the person owns."`
}

// Help shows an example.
func (userDeactivateCmd) Help() string {
	return `Example: karuta user deactivate hanako@example.com --hand-over-to taro@example.com --dry-run

A handover that stopped midway goes on when the same is run again.`
}

// Run locks the account.
func (u *userDeactivateCmd) Run(sh *shell, c *cli) error {
	var row app.DepartureRow
	args := app.DepartureArgs{Email: u.Email, HandOverTo: u.HandOverTo, DryRun: u.DryRun}
	if err := sh.operate(c, app.VerbUserDeactivate, args, nil, &row); err != nil {
		return err
	}
	if err := printUsers(sh.out, row.User); err != nil {
		return err
	}
	_, err := fmt.Fprintf(sh.out, "handed over %d; owns %d dashboards, %d datasets, %d cards, %d transforms, %d filter views, %d API keys; %d imports run\n",
		row.HandedOver, row.Dashboards, row.Datasets, row.Cards, row.Transforms, row.FilterViews, row.APIKeys, row.RunningImports)
	return err
}
