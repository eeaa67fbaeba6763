package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

const identityPrefix = "IDENTITY#"

// identityKey is the guard that makes a subject of an issuer one person.
func identityKey(issuer, subject string) table.Key {
	return table.Key{Table: table.Users, PK: identityPrefix + digest(issuer, subject), SK: metadata}
}

// issuerKey is the guard that makes a person one subject of an issuer.
func issuerKey(userID, issuer string) table.Key {
	return table.Key{Table: table.Users, PK: "USER#" + userID, SK: identityPrefix + digest(issuer)}
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

func identityWrites(userID, issuer, subject string) []table.Write {
	it := table.Item{"user_id": userID, "issuer": issuer, "subject": subject}
	putTime(it, "linked_at", Now())
	return []table.Write{
		table.Put(identityKey(issuer, subject), it, table.IfAbsent()),
		table.Put(issuerKey(userID, issuer), it, table.IfAbsent()),
	}
}

func readLink(it table.Item) *core.IssuerLink {
	return &core.IssuerLink{Issuer: it.Str("issuer"), Since: getTime(it, "linked_at")}
}

// Linked reads since when the issuer knows people, by their ids; those whom it does not are absent.
func (r *Users) Linked(ctx context.Context, issuer string, userIDs []string) (map[string]*core.IssuerLink, error) {
	return getMany(ctx, r.e, userIDs, func(id string) table.Key { return issuerKey(id, issuer) }, readLink)
}

// Links are the issuers that know a person.
func (r *Users) Links(ctx context.Context, userID string) ([]*core.IssuerLink, error) {
	guards, err := r.links(ctx, userID)
	links := make([]*core.IssuerLink, len(guards))
	for i, it := range guards {
		links[i] = readLink(it)
	}
	return links, err
}

func (r *Users) links(ctx context.Context, userID string) ([]table.Item, error) {
	key := userKey(userID)
	return collect(ctx, r.e, table.Query{Table: key.Table, PK: key.PK, Prefix: identityPrefix}, 0)
}

// Unlink parts a person from every issuer that knows them and ends their sessions, all
// at once. It tells from which; from none where nobody knows them, and changes nothing
// then. NOT_FOUND when there is no such person.
func (r *Users) Unlink(ctx context.Context, userID string) (*core.User, []*core.IssuerLink, error) {
	var parted []*core.IssuerLink
	u, err := edit(ctx, r.e, userVersioned(userID), 0, func(u *core.User) (ws []table.Write, err error) {
		guards, err := r.links(ctx, userID)
		if parted = []*core.IssuerLink{}; err == nil && len(guards) == 0 {
			return nil, errNoLink
		}
		for _, it := range guards {
			parted = append(parted, readLink(it))
			ws = append(ws, table.Delete(issuerKey(userID, it.Str("issuer")), table.Always()),
				table.Delete(identityKey(it.Str("issuer"), it.Str("subject")), table.Always()))
		}
		u.EndSessions("")
		return ws, err
	})
	if errors.Is(err, errNoLink) {
		u, err = r.Get(ctx, userID)
	}
	if err == nil && u == nil {
		err = core.NotFound("")
	}
	return u, parted, err
}

var errNoLink = errors.New("store: no issuer knows the person")

// ByIdentity reads the person whom the issuer knows as the subject; nil when there is none.
func (r *Users) ByIdentity(ctx context.Context, issuer, subject string) (*core.User, error) {
	guard, err := r.e.Get(ctx, identityKey(issuer, subject))
	if err != nil || guard == nil {
		return nil, err
	}
	return r.Get(ctx, guard.Str("user_id"))
}

// CreateKnown is [Users.Create] for a person whom an issuer knows as the subject.
// DUPLICATE_ERROR also when it knows somebody else as that.
func (r *Users) CreateKnown(ctx context.Context, u *core.User, issuer, subject string) error {
	return identityProblem(r.create(ctx, u, identityWrites(u.ID, issuer, subject)))
}

// Link makes a person the subject of the issuer, where they suit. DUPLICATE_ERROR
// when somebody else is, or the issuer knows the person as another subject;
// NOT_FOUND when there is no such person.
func (r *Users) Link(ctx context.Context, userID, issuer, subject string, suits func(*core.User) error) error {
	return identityProblem(whileUnchanged(ctx, r.e, userKey(userID), func(it table.Item) error {
		if it == nil {
			return core.NotFound("")
		}
		return suits(readUser(it))
	}, func(stays table.Write) error {
		return r.e.Transact(ctx, "", append(identityWrites(userID, issuer, subject), stays))
	}))
}

func identityProblem(err error) error {
	if table.ConditionFailed(err) == nil || core.CodeOf(err) != core.CodeInternal {
		return err
	}
	return &core.Error{Code: core.CodeDuplicate, Cause: err}
}
