package identity

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	groupNameMax = 100
	groupsMax    = 200 // of one person; they are read with the person
	foldedMax    = 800 // bytes of a folded name, which is a key
	foldedSurely = 24  // characters of a name that fits however much folding makes of each (33 bytes)
)

// CreateGroup makes a group. For administrators; DUPLICATE_ERROR.group_name
// when there is one with the name, but for case, width and spaces.
func (s *Service) CreateGroup(ctx context.Context, name string) (*core.Group, error) {
	if _, err := s.gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	name, folded, err := checkGroupName(name)
	if err != nil {
		return nil, err
	}
	now := s.now()
	g := &core.Group{ID: core.NewID(core.NounGroup), Name: name, CreatedAt: now, UpdatedAt: now}
	if err := s.store.Groups.Create(ctx, g, folded); err != nil {
		return nil, core.Known("identity: create group", err)
	}
	s.record(ctx, core.EventGroupCreated, "group", g.ID, "group", name)
	return g, nil
}

// UpdateGroup gives a group at the version another name. For administrators;
// CONFLICT when it was changed since, else as CreateGroup.
func (s *Service) UpdateGroup(ctx context.Context, id string, version int64, name string) (*core.Group, error) {
	before, err := s.groupForChange(ctx, "input.id", id)
	if err != nil {
		return nil, err
	}
	name, folded, err := checkGroupName(name)
	if err != nil {
		return nil, err
	}
	if version < 1 {
		return nil, core.Invalid("input.version", "bad_value")
	}
	g, err := s.store.Groups.Rename(ctx, id, version, name, folded)
	if err != nil {
		return nil, core.Known("identity: rename group", err)
	}
	s.record(ctx, core.EventGroupUpdated, "group", id, "from", before.Name, "to", name)
	return g, nil
}

func checkGroupName(given string) (name, folded string, err error) {
	if name, err = core.CheckLine("input.name", given, groupNameMax); err != nil {
		return "", "", err
	}
	if folded = foldName(name); len(folded) > foldedMax {
		return "", "", core.Invalid("input.name", "too_long", "max", foldedSurely)
	}
	return name, folded, nil
}

// foldName is the form in which two names are the same.
func foldName(name string) string {
	folded := cases.Fold().String(norm.NFKC.String(name))
	return strings.Join(strings.Fields(norm.NFKC.String(folded)), " ")
}

// AddMember puts an active person into a group. For administrators.
// DUPLICATE_ERROR.member when they are in it.
func (s *Service) AddMember(ctx context.Context, groupID, userID string) (*core.Group, error) {
	group, err := s.groupForChange(ctx, "input.groupId", groupID)
	if err != nil {
		return nil, err
	}
	user, err := s.existing(ctx, "input.userId", userID)
	if err != nil {
		return nil, err
	}
	if !user.Active() {
		return nil, core.Invalid("input.userId", "inactive")
	}
	if len(user.GroupIDs) >= groupsMax {
		return nil, core.Invalid("input.userId", "too_many", "max", groupsMax)
	}
	if _, err := s.store.Groups.AddMember(ctx, groupID, userID); err != nil {
		return nil, core.Known("identity: add member", err)
	}
	return group, s.recordStrict(ctx, core.EventGroupMemberAdded, "group", groupID, "user", userID)
}

// RemoveMember takes a person out of a group. For administrators; NOT_FOUND
// when they are not in it.
func (s *Service) RemoveMember(ctx context.Context, groupID, userID string) (*core.Group, error) {
	group, err := s.groupForChange(ctx, "input.groupId", groupID)
	if err != nil {
		return nil, err
	}
	if err := core.CheckID("input.userId", userID, core.NounUser); err != nil {
		return nil, err
	}
	if err := s.store.Groups.RemoveMember(ctx, groupID, userID); err != nil {
		return nil, core.Known("identity: remove member", err)
	}
	return group, s.recordStrict(ctx, core.EventGroupMemberRemoved, "group", groupID, "user", userID)
}

// groupForChange is the group an administrator wants to change; what changes
// access waits for an audit log that takes it.
func (s *Service) groupForChange(ctx context.Context, field, groupID string) (*core.Group, error) {
	if _, err := s.gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	if err := core.CheckID(field, groupID, core.NounGroup); err != nil {
		return nil, err
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	group, err := s.store.Groups.Get(ctx, groupID)
	return found(group, err, field)
}

// Group reads a group. For administrators and its members; NOT_FOUND for others.
func (s *Service) Group(ctx context.Context, id string) (*core.Group, error) {
	if err := s.mayView(ctx, id); err != nil {
		return nil, err
	}
	group, err := s.store.Groups.Get(ctx, id)
	return found(group, err, "id")
}

func (s *Service) mayView(ctx context.Context, groupID string) error {
	actor, err := s.gate.RequireOnlooker(ctx)
	if err != nil {
		return err
	}
	if err := core.CheckID("id", groupID, core.NounGroup); err != nil {
		return err
	}
	if !access.SeesGroup(actor, groupID) {
		s.audit.Denied(ctx, "group", groupID, "VIEW")
		return core.NotFound("id")
	}
	return nil
}

// GroupsByID reads groups by id, for loaders: those the actor may view.
func (s *Service) GroupsByID(ctx context.Context, ids []string) (map[string]*core.Group, error) {
	actor, err := s.gate.RequireOnlooker(ctx)
	if err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !access.SeesGroup(actor, id) })
	groups, err := s.store.Groups.Many(ctx, ids)
	if err != nil {
		return nil, core.Internal("identity: read groups", err)
	}
	return groups, nil
}

// Members lists who is in a group, by user id. For administrators and members.
func (s *Service) Members(ctx context.Context, groupID string, p core.PageArgs) (core.Page[*core.Member], error) {
	if err := s.mayView(ctx, groupID); err != nil {
		return core.Page[*core.Member]{}, err
	}
	page, err := s.store.Groups.Members(ctx, groupID, p)
	if err != nil {
		return page, core.Known("identity: members", err)
	}
	return page, nil
}
