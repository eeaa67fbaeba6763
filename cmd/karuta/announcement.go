package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/karuta-bi/karuta/internal/app"
)

type announcementCmd struct {
	List     announcementListCmd     `cmd:"" help:"List what everybody is told now."`
	Make     announcementMakeCmd     `cmd:"" help:"Tell everybody something for a while."`
	Withdraw announcementWithdrawCmd `cmd:"" help:"End an announcement before its time."`
}

type announcementListCmd struct{}

// Help shows an example.
func (announcementListCmd) Help() string { return `Example: karuta announcement list` }

// Run lists the announcements.
func (announcementListCmd) Run(sh *shell, c *cli) error {
	var rows []app.AnnouncementRow
	if err := sh.operate(c, app.VerbAnnouncements, struct{}{}, nil, &rows); err != nil {
		return err
	}
	return printAnnouncements(sh.out, rows...)
}

type announcementMakeCmd struct {
	Ja       string        `required:"" help:"What it says in Japanese, at most 500 characters." placeholder:"TEXT"`
	En       string        `required:"" help:"What it says in English, at most 500 characters." placeholder:"TEXT"`
	For      time.Duration `help:"For how long: 30m, 12h; 720h (30 days) at most." placeholder:"TIME"`
	Until    string        `help:"Until when, in the place of --for: 2027-03-31T18:00, in Japanese time unless it names its zone." placeholder:"WHEN"`
	Severity string        `help:"How much it matters: ${enum}." enum:"INFO,WARNING,CRITICAL" default:"INFO"`
}

// Help shows an example.
func (announcementMakeCmd) Help() string {
	return `Whoever is signed in is told at once, and whoever comes until it ends. There are 10 at most at the same time.

Example: karuta announcement make --ja "18時から30分停止します" --en "We are away for 30 minutes from 18:00" --for 6h --severity WARNING`
}

// Run makes the announcement.
func (a *announcementMakeCmd) Run(sh *shell, c *cli) error {
	if (a.For == 0) == (a.Until == "") {
		return usageError{errors.New("how long is it to be told? One of --for and --until says it")}
	}
	var row app.AnnouncementRow
	args := app.AnnouncementArgs{Ja: a.Ja, En: a.En, Severity: a.Severity, For: a.For, Until: a.Until}
	if err := sh.operate(c, app.VerbAnnounce, args, nil, &row); err != nil {
		return err
	}
	return printAnnouncements(sh.out, row)
}

type announcementWithdrawCmd struct {
	ID string `arg:"" help:"Id of the announcement, from karuta announcement list."`
}

// Help shows an example.
func (announcementWithdrawCmd) Help() string {
	return `Example: karuta announcement withdraw ann_01a2153a43787f4b8be51cf3398d9878`
}

// Run ends the announcement.
func (a *announcementWithdrawCmd) Run(sh *shell, c *cli) error {
	var row app.AnnouncementRow
	if err := sh.operate(c, app.VerbWithdraw, app.AnnouncementArgs{ID: a.ID}, nil, &row); err != nil {
		return err
	}
	_, err := fmt.Fprintf(sh.out, "%s is withdrawn\n", row.ID)
	return err
}

func printAnnouncements(out io.Writer, rows ...app.AnnouncementRow) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ANNOUNCEMENT\tSEVERITY\tUNTIL\tBY\tSINCE\tJA\tEN")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%q\t%q\n", r.ID, r.Severity, r.Until.Format(time.RFC3339), r.MadeBy, r.MadeAt.Format(time.RFC3339), r.Ja, r.En)
	}
	return w.Flush()
}
