package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// identityKey is the guard that makes a subject of an issuer one person.
func identityKey(issuer, subject string) table.Key {
	return table.Key{Table: table.Users, PK: "IDENTITY#" + digest(issuer, subject), SK: metadata}
}

// issuerKey is the guard that makes a person one subject of an issuer.
func issuerKey(userID, issuer string) table.Key {
	return table.Key{Table: table.Users, PK: "USER#" + userID, SK: "IDENTITY#" + digest(issuer)}
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
