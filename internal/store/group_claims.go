package store

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// SetClaim tells what the issuer calls a group at the version, "" for nothing.
// CONFLICT when the group is no longer at it, DUPLICATE_ERROR when another group
// has the claim.
func (r *Groups) SetClaim(ctx context.Context, id string, version int64, claim string) (*core.Group, error) {
	g, err := r.editGroup(ctx, id, version, func(g *storedGroup) []table.Write { return claimWrites(g, claim) })
	if failed := table.ConditionFailed(err); failed != nil && failed.Key == groupClaimKey(claim) {
		return nil, &core.Error{Code: core.CodeDuplicate, Reason: "group_claim", Field: "input.claim", Cause: err}
	}
	return g, err
}

// claimWrites give a group a claim and move the guard along.
func claimWrites(g *storedGroup, claim string) (ws []table.Write) {
	was := g.Claim
	if g.Claim = claim; claim == was {
		return nil
	}
	if claim != "" {
		ws = append(ws, table.Put(groupClaimKey(claim), table.Item{"group_id": g.ID}, table.IfAbsent()))
	}
	if was != "" {
		ws = append(ws, table.Delete(groupClaimKey(was), table.Always()))
	}
	return ws
}

// Claimed are the groups that the issuer calls so, by id; what it calls otherwise is absent.
func (r *Groups) Claimed(ctx context.Context, claims []string) (map[string]*core.Group, error) {
	guards, err := getMany(ctx, r.e, claims, groupClaimKey, func(it table.Item) *string {
		id := it.Str("group_id")
		return &id
	})
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(guards))
	for _, id := range guards {
		ids = append(ids, *id)
	}
	return r.Many(ctx, ids)
}
