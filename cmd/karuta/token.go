package main

import (
	"fmt"
	"strings"

	"github.com/karuta-bi/karuta/internal/app"
)

type tokenCmd struct {
	Inspect tokenInspectCmd `cmd:"" help:"Tell what a token says and whether it is good; exit code 1 where it is not."`
}

type tokenInspectCmd struct{}

// Help shows an example.
func (tokenInspectCmd) Help() string {
	return `Reads the token from standard input, so that it stays out of the list of processes.

Example: karuta token inspect < token.txt`
}

// Run prints the verdict first: what a forged token says is shown as it stands.
func (tokenInspectCmd) Run(sh *shell, c *cli) error {
	token, err := firstLine(sh.in)
	if err != nil {
		return err
	}
	var r app.TokenReport
	if err := sh.operate(c, app.VerbTokenInspect, token, nil, &r); err != nil {
		return err
	}
	verdict := "good"
	if r.Verdict != "" {
		verdict = string(r.Verdict) + ": " + r.Why
	}
	fmt.Fprintf(sh.out, "verdict    %s\nalgorithm  %s\nkey        %s\nour keys   %s\nuser       %s\nsession    %s\nissued     %s\nexpires    %s\n",
		verdict, r.Algorithm, r.KeyID, strings.Join(r.OurKeys, " "), r.UserID, r.SessionID, r.IssuedAt.UTC(), r.ExpiresAt.UTC())
	if r.Verdict != "" {
		return exit(exitFailed)
	}
	return nil
}
