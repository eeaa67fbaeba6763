package store

import (
	"context"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// storedGroup is a group as it stands in its item, with the name that its guard has.
type storedGroup struct {
	core.Group
	folded string
	swept  bool // a deleted group without members and shares
}

func groupVersioned(id string) versioned[storedGroup] {
	return versioned[storedGroup]{
		key: groupKey(id),
		read: func(it table.Item) *storedGroup {
			return &storedGroup{Group: *readGroup(it), folded: it.Str("name_folded")}
		},
		write:   writeStored,
		version: func(g *storedGroup) *int64 { return &g.Version },
		touch:   func(g *storedGroup, t time.Time) { g.UpdatedAt = t },
	}
}

func writeStored(g *storedGroup) table.Item {
	it := writeGroup(&g.Group, g.folded)
	if g.swept {
		delete(it, "list_key")
		delete(it, "list_sort")
	}
	return it
}

// editGroup changes a group that is there under the version the caller saw (0:
// any). NOT_FOUND when there is none or it was deleted.
func (r *Groups) editGroup(ctx context.Context, id string, want int64, change func(*storedGroup) []table.Write) (*core.Group, error) {
	g, err := edit(ctx, r.e, groupVersioned(id), want, func(g *storedGroup) ([]table.Write, error) {
		if !g.DeletedAt.IsZero() {
			return nil, core.NotFound("input.id")
		}
		return change(g), nil
	})
	if err != nil {
		return nil, err
	}
	if g == nil {
		return nil, core.NotFound("input.id")
	}
	return &g.Group, nil
}

// Rename gives a group another name and moves the guard along. CONFLICT when it
// is no longer at the version, DUPLICATE_ERROR when the name is taken.
func (r *Groups) Rename(ctx context.Context, id string, version int64, name, folded string) (*core.Group, error) {
	guard := table.Put(groupNameKey(folded), table.Item{"group_id": id}, table.IfAbsent())
	g, err := r.editGroup(ctx, id, version, func(g *storedGroup) []table.Write {
		was := g.folded
		g.Name, g.folded = name, folded
		if folded == was {
			return nil
		}
		return []table.Write{guard, table.Delete(groupNameKey(was), table.Always())}
	})
	if failed := table.ConditionFailed(err); failed != nil && failed.Key == guard.Key {
		return nil, &core.Error{Code: core.CodeDuplicate, Reason: "group_name", Field: "input.name", Cause: err}
	}
	return g, err
}

// Delete ends a group: from now on it opens nothing, its name and claim are free. Its
// members and shares stay for a sweep, see [Groups.Unswept].
func (r *Groups) Delete(ctx context.Context, id string) (*core.Group, error) {
	return r.editGroup(ctx, id, 0, func(g *storedGroup) []table.Write {
		g.DeletedAt = Now()
		return append(claimWrites(g, ""),
			table.Delete(groupNameKey(g.folded), table.Always()),
			rightsWrite(groupKey(id), rightsChange(ctx, id, core.RightsDeleted, "")),
		)
	})
}

// Unswept are the deleted groups that may still have members or shares.
func (r *Groups) Unswept(ctx context.Context) ([]*core.Group, error) {
	return collectAs(ctx, r.e, table.Query{Table: table.Groups, Index: table.GroupsList, PK: deletedList}, 0, readGroup)
}

// Sweep takes the members and the shares of a deleted group away, and tells of
// each once it is gone. It may be done any number of times, also at once.
func (r *Groups) Sweep(ctx context.Context, id, actorID string, member func(userID string) error, share func(*core.Share) error) error {
	for page := (core.PageArgs{First: 100}); ; {
		members, err := r.Members(ctx, id, page)
		if err != nil {
			return err
		}
		for _, m := range members.Nodes {
			if err := swept(r.RemoveMember(ctx, id, m.UserID), func() error { return member(m.UserID) }); err != nil {
				return err
			}
		}
		if !members.HasNext {
			break
		}
		page.After = members.EndCursor()
	}
	shares := &Shares{r.e}
	left, err := shares.Every(ctx, core.TargetGroup, id)
	if err != nil {
		return err
	}
	for _, s := range left {
		if err := swept(shares.Delete(ctx, s, actorID), func() error { return share(s) }); err != nil {
			return err
		}
	}
	return nil
}

// swept tells of what was taken away; where another sweep was faster, that one tells.
func swept(err error, tell func() error) error {
	switch core.CodeOf(err) {
	case "":
		return tell()
	case core.CodeNotFound:
		return nil
	}
	return err
}

// Swept tells that a deleted group has neither members nor shares any more.
func (r *Groups) Swept(ctx context.Context, id string) error {
	_, err := edit(ctx, r.e, groupVersioned(id), 0, func(g *storedGroup) ([]table.Write, error) {
		g.swept = true
		return nil, nil
	})
	return err
}

// withLiveGroup does a transaction that happens only while the group is there,
// which the write that it is handed checks. It is done again where the group was
// renamed meanwhile; NOT_FOUND in the field when the group is gone or deleted.
func withLiveGroup(ctx context.Context, e table.Engine, id, field string, do func(lives table.Write) error) error {
	return whileUnchanged(ctx, e, groupKey(id), func(it table.Item) error {
		if !isLive(it) {
			return core.NotFound(field)
		}
		return nil
	}, do)
}
