package app

import (
	"cmp"
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/guard"
)

// AddressArgs name a network, and for how long and why nothing is answered to it.
type AddressArgs struct {
	CIDR    string // or a single address
	Minutes int
	Reason  string
}

// AddressRow is a blocked network as operators see it.
type AddressRow struct {
	Network string
	Until   time.Time // zero for one that was just unblocked
	Reason  string
	SetBy   string // who blocked it: their address, or operator
	SetAt   time.Time
}

func (a *App) listAddresses(ctx context.Context, _ struct{}) ([]AddressRow, error) {
	blocks, err := a.Guard.Blocks(ctx)
	if err != nil {
		return nil, err
	}
	people, err := a.addresses(ctx)
	rows := make([]AddressRow, len(blocks))
	for i := range blocks {
		rows[i] = addressRow(&blocks[i], people)
	}
	return rows, err
}

func (a *App) blockAddress(ctx context.Context, in AddressArgs) (AddressRow, error) {
	b, err := a.Guard.Block(ctx, guard.BlockInput{CIDR: in.CIDR, Minutes: in.Minutes, Reason: in.Reason})
	if err != nil {
		return AddressRow{}, err
	}
	return addressRow(b, nil), nil
}

func (a *App) unblockAddress(ctx context.Context, in AddressArgs) (AddressRow, error) {
	network, err := a.Guard.Unblock(ctx, in.CIDR)
	return AddressRow{Network: network}, err
}

func addressRow(b *core.BlockedAddress, people map[string]string) AddressRow {
	return AddressRow{Network: b.Network, Until: b.Until, Reason: b.Reason, SetBy: cmp.Or(people[b.SetBy], b.SetBy), SetAt: b.SetAt}
}
