package identity

import (
	"context"
	"maps"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
)

// claimMax is in characters.
const claimMax = 200

// SetGroupClaim tells what the issuer calls a group, nil for nothing. From their next
// sign-in there on, whom it says to be in it is in the group, and who signs in there
// and is not said to be is not. For administrators; CONFLICT when the group was changed
// since, DUPLICATE_ERROR.group_claim when another group has the claim.
func (s *Service) SetGroupClaim(ctx context.Context, id string, version int64, claim *string) (*core.Group, error) {
	before, err := s.groupForChange(ctx, "input.id", id)
	if err != nil {
		return nil, err
	}
	after := ""
	if claim != nil {
		if after, err = core.CheckLine("input.claim", *claim, claimMax); err != nil {
			return nil, err
		}
	}
	if version < 1 {
		return nil, core.Invalid("input.version", "bad_value")
	}
	g, err := s.store.Groups.SetClaim(ctx, id, version, after)
	if err != nil {
		return nil, core.Known("identity: claim of a group", err)
	}
	return g, s.recordStrict(ctx, core.EventGroupUpdated, "group", id, "claimFrom", before.Claim, "claimTo", after)
}

// alignGroups brings a person's memberships in line with what the issuer says, as far
// as groups have a claim; all others stay. Leaving comes first: who loses something
// loses it even where a group cannot be joined.
func (s *Service) alignGroups(ctx context.Context, user *core.User, claims []string) error {
	mine, err := s.store.Groups.Many(ctx, user.GroupIDs)
	if err != nil {
		return core.Internal("identity: read groups", err)
	}
	due, err := s.store.Groups.Claimed(ctx, slices.DeleteFunc(slices.Clone(claims), notAClaim))
	if err != nil {
		return core.Internal("identity: groups of claims", err)
	}
	ctx = core.AsSystem(ctx, viaIssuer)
	for _, id := range slices.Sorted(maps.Keys(mine)) {
		if mine[id].Claim != "" && due[id] == nil {
			if _, err := s.RemoveMember(ctx, id, user.ID); err != nil && !already(err) {
				return err
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(due)) {
		if mine[id] == nil {
			if _, err := s.AddMember(ctx, id, user.ID); err != nil && !already(err) {
				return err
			}
		}
	}
	return nil
}

func notAClaim(claim string) bool {
	line, err := core.CheckLine("", claim, claimMax)
	return err != nil || line != claim
}

// already tells that another sign-in or an administrator was faster, or that there is
// no room for one more group.
func already(err error) bool {
	code := core.CodeOf(err)
	return code == core.CodeDuplicate || code == core.CodeNotFound || code == core.CodeValidation
}
