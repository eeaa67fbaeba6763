package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/karuta-bi/karuta/internal/app"
)

type addressCmd struct {
	List    addressListCmd    `cmd:"" help:"List the networks to which nothing is answered."`
	Block   addressBlockCmd   `cmd:"" help:"Answer nothing to a network for a while."`
	Unblock addressUnblockCmd `cmd:"" help:"Answer to a network again."`
}

type addressListCmd struct{}

// Help shows an example.
func (addressListCmd) Help() string { return `Example: karuta address list` }

// Run lists the networks.
func (addressListCmd) Run(sh *shell, c *cli) error {
	var rows []app.AddressRow
	if err := sh.operate(c, app.VerbAddressList, struct{}{}, nil, &rows); err != nil {
		return err
	}
	return printAddresses(sh.out, rows...)
}

type addressBlockCmd struct {
	Network string        `arg:"" help:"The network, 203.0.113.0/24, or one address."`
	For     time.Duration `required:"" help:"For how long, in whole minutes: 30m, 12h; 720h (30 days) at most." placeholder:"TIME"`
	Reason  string        `required:"" help:"Why, at most 200 characters." placeholder:"TEXT"`
}

// Help shows an example.
func (addressBlockCmd) Help() string {
	return `It holds in every server within seconds. A network that is blocked is blocked anew. Of IPv4 at most a /8 may be blocked, of IPv6 a /19.
Think of the address that you work from yourself: the operator's own cannot be known here.

Example: karuta address block 203.0.113.0/24 --for 12h --reason "guesses passwords"`
}

// Run blocks the network.
func (a *addressBlockCmd) Run(sh *shell, c *cli) error {
	if a.For%time.Minute != 0 {
		return usageError{fmt.Errorf("--for %s: only whole minutes", a.For)}
	}
	var row app.AddressRow
	args := app.AddressArgs{CIDR: a.Network, Minutes: int(a.For / time.Minute), Reason: a.Reason}
	if err := sh.operate(c, app.VerbAddressBlock, args, nil, &row); err != nil {
		return err
	}
	return printAddresses(sh.out, row)
}

type addressUnblockCmd struct {
	Network string `arg:"" help:"The network, as karuta address list shows it, or one address that was blocked."`
}

// Help shows an example.
func (addressUnblockCmd) Help() string { return `Example: karuta address unblock 203.0.113.0/24` }

// Run ends the block.
func (a *addressUnblockCmd) Run(sh *shell, c *cli) error {
	var row app.AddressRow
	if err := sh.operate(c, app.VerbAddressUnblock, app.AddressArgs{CIDR: a.Network}, nil, &row); err != nil {
		return err
	}
	_, err := fmt.Fprintf(sh.out, "%s is answered again\n", row.Network)
	return err
}

func printAddresses(out io.Writer, rows ...app.AddressRow) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NETWORK\tUNTIL\tBY\tSINCE\tREASON")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Network, r.Until.Format(time.RFC3339), r.SetBy, r.SetAt.Format(time.RFC3339), r.Reason)
	}
	return w.Flush()
}
