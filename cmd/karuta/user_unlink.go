package main

import (
	"fmt"

	"github.com/karuta-bi/karuta/internal/app"
	"github.com/karuta-bi/karuta/internal/core"
)

type userUnlinkCmd struct {
	Email  string `arg:"" help:"Address of the account." placeholder:"E"`
	DryRun bool   `help:"Only tell which issuers know the person."`
}

// Help shows an example.
func (userUnlinkCmd) Help() string {
	return `Example: karuta user unlink hanako@example.com --dry-run

Whoever signs in at the issuer next with the address of the account is linked anew, so see to the address there first.`
}

// Run parts the person from the issuer.
func (u *userUnlinkCmd) Run(sh *shell, c *cli) error {
	var row app.UnlinkedRow
	if err := sh.operate(c, app.VerbUserUnlink, app.UnlinkArgs{Email: u.Email, DryRun: u.DryRun}, nil, &row); err != nil {
		return err
	}
	if err := printUsers(sh.out, row.User); err != nil {
		return err
	}
	what := "unlinked from"
	if u.DryRun {
		what = "linked with"
	}
	for _, link := range row.Links {
		if _, err := fmt.Fprintln(sh.out, what, linkText(link)); err != nil {
			return err
		}
	}
	if len(row.Links) == 0 {
		_, err := fmt.Fprintln(sh.out, "no issuer knows this person")
		return err
	}
	return nil
}

func linkText(link *core.IssuerLink) string {
	return link.Issuer + " since " + link.Since.Format("2006-01-02")
}
