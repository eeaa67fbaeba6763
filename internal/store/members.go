package store

import (
	"context"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

func memberKey(groupID, userID string) table.Key {
	return table.Key{Table: table.Groups, PK: "GROUP#" + groupID, SK: "MEMBER#" + userID}
}

func readMember(it table.Item) *core.Member {
	return &core.Member{GroupID: it.Str("group_id"), UserID: it.Str("user_id"), AddedAt: getTime(it, "added_at")}
}

// AddMember makes a user a member. NOT_FOUND when the group or the user is not
// there, DUPLICATE_ERROR when the user is a member already.
func (r *Groups) AddMember(ctx context.Context, groupID, userID string) (*core.Member, error) {
	m := &core.Member{GroupID: groupID, UserID: userID, AddedAt: Now()}
	it := table.Item{"group_id": groupID, "user_id": userID}
	putTime(it, "added_at", m.AddedAt)
	member := table.Put(memberKey(groupID, userID), it, table.IfAbsent())
	err := withLiveGroup(ctx, r.e, groupID, "input.groupId", func(lives table.Write) error {
		u, err := r.editMembership(ctx, userID, func(u *core.User) []table.Write {
			u.GroupIDs = append(slices.DeleteFunc(u.GroupIDs, func(g string) bool { return g == groupID }), groupID)
			return append([]table.Write{member, lives}, memberWrites(ctx, core.RightsMemberAdded, groupID, userID)...)
		})
		if err == nil && u == nil {
			return core.NotFound("input.userId")
		}
		return err
	})
	if failed := table.ConditionFailed(err); failed != nil && failed.Key == member.Key {
		return nil, &core.Error{Code: core.CodeDuplicate, Reason: "member", Field: "input.userId", Cause: err}
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// RemoveMember ends a membership; NOT_FOUND when there is none.
func (r *Groups) RemoveMember(ctx context.Context, groupID, userID string) error {
	member := table.Delete(memberKey(groupID, userID), table.IfExists())
	u, err := r.editMembership(ctx, userID, func(u *core.User) []table.Write {
		u.GroupIDs = slices.DeleteFunc(u.GroupIDs, func(g string) bool { return g == groupID })
		return append([]table.Write{member}, memberWrites(ctx, core.RightsMemberRemoved, groupID, userID)...)
	})
	if failed := table.ConditionFailed(err); failed != nil && failed.Key == member.Key || err == nil && u == nil {
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
	members, err := collectAs(ctx, r.e, q, p.First+1, readMember)
	if err != nil {
		return core.Page[*core.Member]{}, err
	}
	return pageOf(members, p.First, func(m *core.Member) string { return m.UserID }), nil
}
