package store

import (
	"context"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Groups is bi_groups: GROUP#id / METADATA or MEMBER#user, and the guard
// NAME#name / METADATA. A membership and the user's group_ids change in one
// transaction, so a user read once tells every group.
type Groups struct{ e table.Engine }

const groupsList = "GROUP"

func groupKey(id string) table.Key {
	return table.Key{Table: table.Groups, PK: "GROUP#" + id, SK: metadata}
}

func memberKey(groupID, userID string) table.Key {
	return table.Key{Table: table.Groups, PK: "GROUP#" + groupID, SK: "MEMBER#" + userID}
}

func groupNameKey(folded string) table.Key {
	return table.Key{Table: table.Groups, PK: "NAME#" + folded, SK: metadata}
}

func writeGroup(g *core.Group, folded string) table.Item {
	it := table.Item{
		"group_id": g.ID, "name": g.Name, "name_folded": folded, "version": g.Version,
		"list_key": groupsList, "list_sort": folded + "#" + g.ID,
	}
	putTime(it, "created_at", g.CreatedAt)
	putTime(it, "updated_at", g.UpdatedAt)
	return it
}

func readGroup(it table.Item) *core.Group {
	return &core.Group{
		ID: it.Str("group_id"), Name: it.Str("name"), Version: it.Int("version"),
		CreatedAt: getTime(it, "created_at"), UpdatedAt: getTime(it, "updated_at"),
	}
}

func readMember(it table.Item) *core.Member {
	return &core.Member{GroupID: it.Str("group_id"), UserID: it.Str("user_id"), AddedAt: getTime(it, "added_at")}
}

// Create writes a new group and the guard of its folded name; DUPLICATE_ERROR when the name is taken.
func (r *Groups) Create(ctx context.Context, g *core.Group, folded string) error {
	g.Version = 1
	err := r.e.Transact(ctx, "", []table.Write{
		table.Put(groupKey(g.ID), writeGroup(g, folded), table.IfAbsent()),
		table.Put(groupNameKey(folded), table.Item{"group_id": g.ID}, table.IfAbsent()),
		rightsWrite(groupKey(g.ID), rightsChange(ctx, g.ID, core.RightsCreated, "")),
	})
	if failed := table.ConditionFailed(err); failed != nil && failed.Index == 1 {
		return &core.Error{Code: core.CodeDuplicate, Reason: "group_name", Field: "input.name", Cause: err}
	}
	return err
}

// Get reads a group; nil when there is none.
func (r *Groups) Get(ctx context.Context, id string) (*core.Group, error) {
	it, err := r.e.Get(ctx, groupKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return readGroup(it), nil
}

// Many reads groups by id; the missing are absent.
func (r *Groups) Many(ctx context.Context, ids []string) (map[string]*core.Group, error) {
	return getMany(ctx, r.e, ids, groupKey, readGroup)
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

// AddMember makes a user a member. NOT_FOUND when the group or the user is not
// there, DUPLICATE_ERROR when the user is a member already.
func (r *Groups) AddMember(ctx context.Context, groupID, userID string) (*core.Member, error) {
	m := &core.Member{GroupID: groupID, UserID: userID, AddedAt: Now()}
	it := table.Item{"group_id": groupID, "user_id": userID}
	putTime(it, "added_at", m.AddedAt)
	u, err := r.editMembership(ctx, userID, func(u *core.User) []table.Write {
		u.GroupIDs = append(slices.DeleteFunc(u.GroupIDs, func(g string) bool { return g == groupID }), groupID)
		return append([]table.Write{
			table.Put(memberKey(groupID, userID), it, table.IfAbsent()),
			table.Check(groupKey(groupID), table.IfExists()),
		}, memberWrites(ctx, core.RightsMemberAdded, groupID, userID)...)
	})
	if failed := table.ConditionFailed(err); failed != nil {
		if failed.Index == 1 {
			return nil, &core.Error{Code: core.CodeDuplicate, Reason: "member", Field: "input.userId", Cause: err}
		}
		return nil, core.NotFound("input.groupId")
	}
	if err == nil && u == nil {
		return nil, core.NotFound("input.userId")
	}
	return m, err
}

// RemoveMember ends a membership; NOT_FOUND when there is none.
func (r *Groups) RemoveMember(ctx context.Context, groupID, userID string) error {
	u, err := r.editMembership(ctx, userID, func(u *core.User) []table.Write {
		u.GroupIDs = slices.DeleteFunc(u.GroupIDs, func(g string) bool { return g == groupID })
		return append([]table.Write{table.Delete(memberKey(groupID, userID), table.IfExists())},
			memberWrites(ctx, core.RightsMemberRemoved, groupID, userID)...)
	})
	if table.ConditionFailed(err) != nil || err == nil && u == nil {
		return core.NotFound("input.userId")
	}
	return err
}

// memberWrites tell the histories of both sides of a membership.
func memberWrites(ctx context.Context, kind core.RightsKind, groupID, userID string) []table.Write {
	of := rightsChange(ctx, groupID, kind, userID)
	by := of
	by.SubjectID, by.OtherID = userID, groupID
	return []table.Write{rightsWrite(groupKey(groupID), of), rightsWrite(userKey(userID), by)}
}

func (r *Groups) editMembership(ctx context.Context, userID string, change func(*core.User) []table.Write) (*core.User, error) {
	return edit(ctx, r.e, userVersioned(userID), 0, func(u *core.User) ([]table.Write, error) {
		u.GroupsVersion++
		return change(u), nil
	})
}

// Members lists a group's members by user id, a page at a time.
func (r *Groups) Members(ctx context.Context, groupID string, p core.PageArgs) (core.Page[*core.Member], error) {
	q := table.Query{Table: table.Groups, PK: "GROUP#" + groupID, Prefix: "MEMBER#"}
	if p.After != "" {
		if n, ok := core.NounOf(p.After); !ok || n != core.NounUser {
			return core.Page[*core.Member]{}, core.Invalid("after", "bad_cursor")
		}
		q.Start = &table.Position{PK: "GROUP#" + groupID, SK: "MEMBER#" + p.After}
	}
	items, err := collect(ctx, r.e, q, p.First+1)
	if err != nil {
		return core.Page[*core.Member]{}, err
	}
	members := make([]*core.Member, len(items))
	for i, it := range items {
		members[i] = readMember(it)
	}
	return pageOf(members, p.First, func(m *core.Member) string { return m.UserID }), nil
}
