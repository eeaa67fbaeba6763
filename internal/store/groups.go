package store

import (
	"context"
	"maps"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Groups is bi_groups: GROUP#id / METADATA or MEMBER#user, and the guards
// NAME#name / METADATA and CLAIM#claim / METADATA. A membership and the user's group_ids change in one
// transaction, so a user read once tells every group. The METADATA of a deleted
// group stays and tells so; nobody but a sweep finds it.
type Groups struct{ e table.Engine }

const (
	groupsList  = "GROUP"
	deletedList = "DELETED" // groups whose members and shares may not be gone yet; datasets that can be brought back
)

func groupKey(id string) table.Key {
	return table.Key{Table: table.Groups, PK: "GROUP#" + id, SK: metadata}
}

func groupNameKey(folded string) table.Key {
	return table.Key{Table: table.Groups, PK: "NAME#" + folded, SK: metadata}
}

func groupClaimKey(claim string) table.Key {
	return table.Key{Table: table.Groups, PK: "CLAIM#" + claim, SK: metadata}
}

func writeGroup(g *core.Group, folded string) table.Item {
	it := table.Item{
		"group_id": g.ID, "name": g.Name, "name_folded": folded, "version": g.Version,
		"list_key": groupsList, "list_sort": folded + "#" + g.ID,
	}
	if !g.DeletedAt.IsZero() {
		it["list_key"], it["list_sort"] = deletedList, g.ID
	}
	putStr(it, "claim", g.Claim)
	putTime(it, "created_at", g.CreatedAt)
	putTime(it, "updated_at", g.UpdatedAt)
	putTime(it, "deleted_at", g.DeletedAt)
	return it
}

func readGroup(it table.Item) *core.Group {
	return &core.Group{
		ID: it.Str("group_id"), Name: it.Str("name"), Claim: it.Str("claim"), Version: it.Int("version"),
		CreatedAt: getTime(it, "created_at"), UpdatedAt: getTime(it, "updated_at"), DeletedAt: getTime(it, "deleted_at"),
	}
}

// isLive tells whether the METADATA item is that of a group that is there.
func isLive(it table.Item) bool { return it != nil && it.Str("deleted_at") == "" }

// Create writes a new group and the guard of its folded name; DUPLICATE_ERROR when the name is taken.
func (r *Groups) Create(ctx context.Context, g *core.Group, folded string) error {
	g.Version = 1
	err := r.e.Transact(ctx, "", append([]table.Write{
		table.Put(groupKey(g.ID), writeGroup(g, folded), table.IfAbsent()),
		table.Put(groupNameKey(folded), table.Item{"group_id": g.ID}, table.IfAbsent()),
		rightsWrite(groupKey(g.ID), rightsChange(ctx, g.ID, core.RightsCreated, "")),
	}, onceWrites(ctx, g.ID)...))
	if failed := table.ConditionFailed(err); failed != nil && failed.Index == 1 {
		return &core.Error{Code: core.CodeDuplicate, Reason: "group_name", Field: "input.name", Cause: err}
	}
	return err
}

// Get reads a group; nil when there is none or it was deleted.
func (r *Groups) Get(ctx context.Context, id string) (*core.Group, error) {
	it, err := r.e.Get(ctx, groupKey(id))
	if err != nil || !isLive(it) {
		return nil, err
	}
	return readGroup(it), nil
}

// Many reads groups by id; the missing and the deleted are absent.
func (r *Groups) Many(ctx context.Context, ids []string) (map[string]*core.Group, error) {
	found, err := getMany(ctx, r.e, ids, groupKey, readGroup)
	maps.DeleteFunc(found, func(_ string, g *core.Group) bool { return !g.DeletedAt.IsZero() })
	return found, err
}

// ManyOnce is Many, reading each group at most once a request. Nobody may change
// the groups that it gives.
func (r *Groups) ManyOnce(ctx context.Context, ids []string) (map[string]*core.Group, error) {
	return once(ctx, table.Groups, ids, r.Many)
}

// List is every group by name, a page at a time. The cursor is opaque.
func (r *Groups) List(ctx context.Context, p core.PageArgs) (core.Page[*core.Group], error) {
	q := table.Query{Table: table.Groups, Index: table.GroupsList, PK: groupsList}
	if p.After != "" {
		id, folded, err := splitNameCursor(p.After, core.NounGroup)
		if err != nil {
			return core.Page[*core.Group]{}, err
		}
		q.Start = &table.Position{PK: "GROUP#" + id, SK: metadata, Sort: folded + "#" + id}
	}
	items, err := collect(ctx, r.e, q, p.First+1)
	if err != nil {
		return core.Page[*core.Group]{}, err
	}
	sorts := make(map[string]string, len(items))
	groups := make([]*core.Group, len(items))
	for i, it := range items {
		groups[i] = readGroup(it)
		sorts[groups[i].ID] = it.Str("name_folded")
	}
	return pageOf(groups, p.First, func(g *core.Group) string { return nameCursor(g.ID, sorts[g.ID]) }), nil
}
