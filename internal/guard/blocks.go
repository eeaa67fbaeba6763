package guard

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// The widest networks that may be blocked: a whole provider, not half of the world.
const (
	widestIPv4 = 8
	widestIPv6 = 19
	maxMinutes = 30 * 24 * 60
)

// BlockInput is a network to which nothing is answered for some minutes.
type BlockInput struct {
	CIDR    string // or a single address
	Minutes int    // 1 to 43,200 (30 days)
	Reason  string
}

// Blocks are the networks that are blocked now. For administrators.
func (g *Guard) Blocks(ctx context.Context) ([]core.BlockedAddress, error) {
	if _, err := g.Gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	all, err := g.Store.Limits.Blocks(ctx)
	now := g.Now()
	return slices.DeleteFunc(all, func(b core.BlockedAddress) bool { return !now.Before(b.Until) }), err
}

// Block blocks a network, or blocks it anew. It holds here at once, and in every
// other process within seconds. Nobody can block the address they come from. For
// administrators.
func (g *Guard) Block(ctx context.Context, in BlockInput) (*core.BlockedAddress, error) {
	actor, err := g.Gate.RequireAdmin(ctx)
	if err != nil {
		return nil, err
	}
	network, err := checkBlock(in, actor.IP)
	if err != nil {
		return nil, err
	}
	if blocks, err := g.Store.Limits.Blocks(ctx); err != nil {
		return nil, err
	} else if len(blocks) >= store.MaxBlocks {
		return nil, core.Invalid("input.cidr", "too_many", "max", store.MaxBlocks)
	}
	if err := g.Audit.Ready(); err != nil {
		return nil, err
	}
	now := g.Now()
	b := &core.BlockedAddress{
		Network: network.String(), Until: now.Add(time.Duration(in.Minutes) * time.Minute),
		Reason: in.Reason, SetBy: actor.ActingID(), SetAt: now,
	}
	if err := g.Store.Limits.Block(ctx, b); err != nil {
		return nil, err
	}
	return b, g.record(ctx, core.EventAddressBlocked, "address", b.Network, map[string]string{"reason": in.Reason, "minutes": strconv.Itoa(in.Minutes)})
}

// Unblock answers a network again; NOT_FOUND where it is not blocked. For administrators.
func (g *Guard) Unblock(ctx context.Context, cidr string) (string, error) {
	if _, err := g.Gate.RequireAdmin(ctx); err != nil {
		return "", err
	}
	network, err := parseNetwork(cidr)
	if err != nil {
		return "", err
	}
	blocks, err := g.Blocks(ctx)
	if err != nil {
		return "", err
	}
	for _, b := range blocks {
		if b.Network != network.String() {
			continue
		}
		if err := g.Audit.Ready(); err != nil {
			return "", err
		}
		if err := g.Store.Limits.Unblock(ctx, b.Network); err != nil {
			return "", err
		}
		return b.Network, g.record(ctx, core.EventAddressUnblocked, "address", b.Network, nil)
	}
	return "", core.NotFound("input.cidr")
}

func checkBlock(in BlockInput, own string) (netip.Prefix, error) {
	network, err := parseNetwork(in.CIDR)
	if err != nil {
		return network, err
	}
	if in.Minutes < 1 || in.Minutes > maxMinutes {
		return network, core.Invalid("input.minutes", "out_of_range", "min", 1, "max", maxMinutes)
	}
	if err := checkReason(in.Reason); err != nil {
		return network, err
	}
	if at, err := netip.ParseAddr(own); err == nil && network.Contains(at) {
		return network, core.Invalid("input.cidr", "own_address")
	}
	return network, nil
}

// parseNetwork reads 203.0.113.0/24 or a single address; bits behind the network's are dropped.
func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		at, failed := netip.ParseAddr(text)
		if failed != nil || at.Zone() != "" {
			return network, core.Invalid("input.cidr", "bad_value")
		}
		network = netip.PrefixFrom(at, at.BitLen())
	}
	if at := network.Addr(); at.Is4In6() {
		return network, core.Invalid("input.cidr", "bad_value")
	}
	widest := widestIPv6
	if network.Addr().Is4() {
		widest = widestIPv4
	}
	if network.Bits() < widest {
		return network, core.Invalid("input.cidr", "too_wide")
	}
	return network.Masked(), nil
}
