package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/karuta-bi/karuta/internal/app"
)

type apikeyCmd struct {
	Create apikeyCreateCmd `cmd:"" help:"Make an API key that acts for somebody, and print its secret."`
	List   apikeyListCmd   `cmd:"" help:"List API keys, everybody's or somebody's."`
	Revoke apikeyRevokeCmd `cmd:"" help:"End an API key at once."`
}

type apikeyCreateCmd struct {
	Email   string   `required:"" help:"Address of the account that the key acts for." placeholder:"E"`
	Name    string   `required:"" help:"What the key is for." placeholder:"NAME"`
	Scope   []string `required:"" help:"Root fields it may ask for, with commas between." placeholder:"Query.dashboards"`
	Expires string   `required:"" help:"How many days it lasts (90d), or the day it ends (2027-03-31, UTC); a year at most." placeholder:"WHEN"`
}

// Help shows an example.
func (apikeyCreateCmd) Help() string {
	return `The secret is all that standard output gets, and is shown this once.

Example: karuta apikey create --email hanako@example.com --name reports --scope Query.dashboards,Query.dashboard --expires 90d > key.txt`
}

// Run makes the key.
func (a *apikeyCreateCmd) Run(sh *shell, c *cli) error {
	until, err := expiry(a.Expires, time.Now())
	if err != nil {
		return err
	}
	var row app.IssuedKeyRow
	args := app.KeyArgs{Email: a.Email, Name: a.Name, Scopes: a.Scope, ExpiresAt: until}
	if err := sh.operate(c, app.VerbAPIKeyCreate, args, nil, &row); err != nil {
		return err
	}
	fmt.Fprintf(sh.err, "%s of %s lasts until %s\n", row.Key.ID, row.Key.Email, row.Key.ExpiresAt.Format(time.RFC3339))
	_, err = fmt.Fprintln(sh.out, row.Secret)
	return err
}

// expiry reads a number of days from now, or a day.
func expiry(word string, now time.Time) (time.Time, error) {
	if number, found := strings.CutSuffix(word, "d"); found {
		if days, err := strconv.ParseUint(number, 10, 16); err == nil {
			return now.AddDate(0, 0, int(days)), nil
		}
	}
	day, err := time.Parse(time.DateOnly, word)
	if err != nil {
		return day, usageError{fmt.Errorf("%q is neither a number of days (90d) nor a day (2027-03-31)", word)}
	}
	return day, nil
}

type apikeyListCmd struct {
	Email string `help:"Address of the account whose keys are listed; left out, everybody's are." placeholder:"E"`
}

// Help shows an example.
func (apikeyListCmd) Help() string {
	return `Example: karuta apikey list --email hanako@example.com`
}

// Run lists the keys.
func (a *apikeyListCmd) Run(sh *shell, c *cli) error {
	var rows []app.KeyRow
	if err := sh.operate(c, app.VerbAPIKeyList, app.KeyArgs{Email: a.Email}, nil, &rows); err != nil {
		return err
	}
	return printKeys(sh.out, rows...)
}

type apikeyRevokeCmd struct {
	ID string `arg:"" help:"Id of the key, from karuta apikey list."`
}

// Help shows an example.
func (apikeyRevokeCmd) Help() string {
	return `Example: karuta apikey revoke key_01a2153a43787f4b8be51cf3398d9878`
}

// Run ends the key.
func (a *apikeyRevokeCmd) Run(sh *shell, c *cli) error {
	var row app.KeyRow
	if err := sh.operate(c, app.VerbAPIKeyRevoke, app.KeyArgs{ID: a.ID}, nil, &row); err != nil {
		return err
	}
	return printKeys(sh.out, row)
}

func printKeys(out io.Writer, rows ...app.KeyRow) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tOWNER\tNAME\tLIVE\tEXPIRES\tUSED\tSCOPES")
	for _, k := range rows {
		used := "never"
		if !k.LastUsedAt.IsZero() {
			used = k.LastUsedAt.Format(time.DateOnly)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%t\t%s\t%s\t%s\n", k.ID, k.Email, k.Name, k.Live, k.ExpiresAt.Format(time.DateOnly), used, strings.Join(k.Scopes, ","))
	}
	return w.Flush()
}
