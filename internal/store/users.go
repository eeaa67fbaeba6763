package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Users is bi_users: USER#id / METADATA with the history of the person's rights
// beside it, the guard EMAIL#mail / METADATA that makes an address unique, and
// whom an issuer knows as whom (see identities.go).
type Users struct{ e table.Engine }

const usersList = "USER"

func userKey(id string) table.Key {
	return table.Key{Table: table.Users, PK: "USER#" + id, SK: metadata}
}

func emailKey(email string) table.Key {
	return table.Key{Table: table.Users, PK: "EMAIL#" + email, SK: metadata}
}

func userVersioned(id string) versioned[core.User] {
	return versioned[core.User]{
		key: userKey(id), read: readUser, write: writeUser,
		version: func(u *core.User) *int64 { return &u.Version },
		touch:   func(u *core.User, t time.Time) { u.UpdatedAt = t },
	}
}

func writeUser(u *core.User) table.Item {
	it := table.Item{
		"user_id": u.ID, "email": u.Email, "role": strings.ToLower(string(u.Role)),
		"version": u.Version, "groups_version": u.GroupsVersion, "session_era": u.SessionEra,
		"list_key": usersList, "list_sort": u.Email + "#" + u.ID,
	}
	putStr(it, "name", u.Name)
	putStr(it, "locale", string(u.Locale))
	putStr(it, "password_hash", u.PasswordHash)
	putStrings(it, "group_ids", u.GroupIDs)
	putAttributes(it, u.Attributes)
	if u.PIIAccess {
		it["pii_access"] = true
	}
	putStr(it, "kept_session", u.KeptSession)
	putTime(it, "deactivated_at", u.DeactivatedAt)
	putStr(it, "successor_id", u.SuccessorID)
	putTime(it, "created_at", u.CreatedAt)
	putTime(it, "updated_at", u.UpdatedAt)
	return it
}

func readUser(it table.Item) *core.User {
	return &core.User{
		ID: it.Str("user_id"), Email: it.Str("email"), Name: it.Str("name"),
		Role: roleOf(it.Str("role")), Locale: core.Locale(it.Str("locale")),
		PasswordHash: it.Str("password_hash"), GroupIDs: it.Strings("group_ids"),
		GroupsVersion: it.Int("groups_version"), Version: it.Int("version"),
		Attributes: getAttributes(it), PIIAccess: it.Bool("pii_access"),
		SessionEra: it.Int("session_era"), KeptSession: it.Str("kept_session"),
		DeactivatedAt: getTime(it, "deactivated_at"), SuccessorID: it.Str("successor_id"),
		CreatedAt: getTime(it, "created_at"), UpdatedAt: getTime(it, "updated_at"),
	}
}

// roleOf reads the stored role: everything but "admin" is an ordinary user.
func roleOf(s string) core.Role {
	if s == "admin" {
		return core.RoleAdmin
	}
	return core.RoleUser
}

// Get reads a user; nil when there is none.
func (r *Users) Get(ctx context.Context, id string) (*core.User, error) {
	it, err := r.e.Get(ctx, userKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return readUser(it), nil
}

// Many reads users by id; the missing are absent.
func (r *Users) Many(ctx context.Context, ids []string) (map[string]*core.User, error) {
	return getMany(ctx, r.e, ids, userKey, readUser)
}

// ByEmail reads the user with the address (in its stored form); nil when there is none.
func (r *Users) ByEmail(ctx context.Context, email string) (*core.User, error) {
	guard, err := r.e.Get(ctx, emailKey(email))
	if err != nil || guard == nil {
		return nil, err
	}
	return r.Get(ctx, guard.Str("user_id"))
}

// Create writes a new user and the guard of the address; DUPLICATE_ERROR when the address is taken.
func (r *Users) Create(ctx context.Context, u *core.User) error { return r.create(ctx, u, nil) }

func (r *Users) create(ctx context.Context, u *core.User, more []table.Write) error {
	u.Version = 1
	created := rightsChange(ctx, u.ID, core.RightsCreated, "")
	created.Details = map[string]string{"role": string(u.Role)}
	err := r.e.Transact(ctx, "", slices.Concat([]table.Write{
		table.Put(userKey(u.ID), writeUser(u), table.IfAbsent()),
		table.Put(emailKey(u.Email), table.Item{"user_id": u.ID}, table.IfAbsent()),
	}, personWrites(created, u.Role == core.RoleAdmin), onceWrites(ctx, u.ID), more))
	if failed := table.ConditionFailed(err); failed != nil && failed.Index == 1 {
		return &core.Error{Code: core.CodeDuplicate, Reason: "email", Field: "input.email", Cause: err}
	}
	return err
}

// personWrites are the lines of history of a change of a person, also among the
// administrators' where it makes or ends one.
func personWrites(c core.RightsChange, admin bool) []table.Write {
	ws := []table.Write{rightsWrite(userKey(c.SubjectID), c)}
	if admin {
		ws = append(ws, rightsWrite(adminsKey, c))
	}
	return ws
}

// Edit changes a user under its version; nil when there is none. The address stays as it is.
func (r *Users) Edit(ctx context.Context, id string, change func(*core.User) error) (*core.User, error) {
	return edit(ctx, r.e, userVersioned(id), 0, func(u *core.User) ([]table.Write, error) {
		return changePerson(ctx, u, change)
	})
}

// changePerson makes a change of a person and tells the history what it did to
// the person's rights.
func changePerson(ctx context.Context, u *core.User, change func(*core.User) error) (ws []table.Write, err error) {
	was := *u
	if err := change(u); err != nil {
		return nil, err
	}
	admin := was.Role == core.RoleAdmin || u.Role == core.RoleAdmin
	if u.Role != was.Role {
		c := rightsChange(ctx, u.ID, core.RightsRole, "")
		c.Details = map[string]string{"role": string(u.Role)}
		ws = append(ws, personWrites(c, admin)...)
	}
	if u.Active() != was.Active() {
		ws = append(ws, personWrites(rightsChange(ctx, u.ID, core.RightsDeactivated, ""), admin)...)
	}
	if u.PIIAccess != was.PIIAccess || !maps.EqualFunc(u.Attributes, was.Attributes, slices.Equal) {
		c := rightsChange(ctx, u.ID, core.RightsAttributes, "")
		if c.Details, err = factDetails(u); err != nil {
			return nil, err
		}
		ws = append(ws, personWrites(c, false)...)
	}
	return ws, nil
}

// Search walks the people by address, from behind an address ("" is the start),
// and keeps those that match, at most limit.
func (r *Users) Search(ctx context.Context, after string, match func(*core.User) bool, limit int) ([]*core.User, error) {
	var found []*core.User
	q := table.Query{Table: table.Users, Index: table.UsersList, PK: usersList, From: after}
	for {
		page, err := r.e.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, it := range page.Items {
			if u := readUser(it); u.Email > after && match(u) {
				if found = append(found, u); len(found) == limit {
					return found, nil
				}
			}
		}
		if page.Last == nil {
			return found, nil
		}
		q.Start = page.Last
	}
}
