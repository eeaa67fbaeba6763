package identity

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// SignIn is a fresh session.
type SignIn struct {
	Token     string
	ExpiresAt time.Time
	Lifetime  time.Duration
	User      *core.User
	SessionID string
}

const (
	emailMax      = 254 // RFC 5321 §4.5.3.1.3
	loginPassword = 1024
)

// Login signs a person in. UNAUTHORIZED.credentials for an unknown address, a
// wrong password and a locked account alike, after the same work;
// RATE_LIMIT_EXCEEDED after too many of these.
func (s *Service) Login(ctx context.Context, email, password string) (*SignIn, error) {
	if err := boundLogin(email, password); err != nil {
		return nil, err
	}
	try, err := s.reserve(ctx, normalEmail(email))
	if err != nil {
		return nil, err
	}
	email, bad := checkEmail("input.email", email)
	if bad != nil {
		email = ""
	}
	user, err := s.userForLogin(ctx, email)
	if err != nil {
		return nil, err
	}
	in, err := s.tryLogin(ctx, user, password)
	if err != nil {
		return nil, err
	}
	if err := s.settle(ctx, try, user, in != nil); err != nil {
		return nil, err
	}
	if in == nil {
		return nil, s.refuseLogin(ctx, user, email)
	}
	s.audit.Record(ctx, core.AuditEvent{Type: core.EventLogin, UserID: user.ID, SessionID: in.SessionID, TargetType: "user", TargetID: user.ID})
	return in, nil
}

// tryLogin is the user's fresh session; nil where the password is wrong or the account locked.
func (s *Service) tryLogin(ctx context.Context, user *core.User, password string) (*SignIn, error) {
	matches, err := s.passwords.matches(ctx, user.PasswordHash, password)
	if err != nil || !matches || !user.Active() {
		return nil, err
	}
	return s.enter(ctx, user)
}

// enter signs in a person whose password was right, and looks again: nil where
// the account was locked or the password changed in the meantime. Where only
// the sessions were ended, this one belongs to those, and another one begins.
func (s *Service) enter(ctx context.Context, user *core.User) (*SignIn, error) {
	for {
		in, err := s.signIn(ctx, user)
		if err != nil {
			return nil, err
		}
		now, err := s.store.Users.Get(ctx, user.ID)
		switch {
		case err != nil:
			return nil, core.Internal("identity: login", err)
		case now == nil || !now.Active() || now.PasswordHash != user.PasswordHash:
			_ = s.store.Sessions.Revoke(ctx, in.SessionID, s.now())
			return nil, nil
		case now.SessionEra == user.SessionEra:
			return in, nil
		}
		user = now
	}
}

func boundLogin(email, password string) error {
	switch {
	case email == "":
		return core.Invalid("input.email", "required")
	case len(email) > emailMax:
		return core.Invalid("input.email", "too_long", "max", emailMax)
	case password == "":
		return core.Invalid("input.password", "required")
	case len(password) > loginPassword:
		return core.Invalid("input.password", "too_long", "max", passwordMax)
	}
	return nil
}

// userForLogin is the user with the address, or an empty one that no password
// matches. The unknown cost as many reads as the known, and so does "", which
// stands for what is no address.
func (s *Service) userForLogin(ctx context.Context, email string) (*core.User, error) {
	user, err := s.store.Users.ByEmail(ctx, cmp.Or(email, core.NewID(core.NounUser)))
	if err == nil && user == nil {
		_, err = s.store.Users.Get(ctx, core.NewID(core.NounUser))
	}
	if err != nil {
		return nil, core.Internal("identity: login", err)
	}
	if user == nil {
		user = &core.User{}
	}
	return user, nil
}

// refuseLogin leaves out of the record what was no address: people type their
// passwords there.
func (s *Service) refuseLogin(ctx context.Context, user *core.User, email string) error {
	ev := core.AuditEvent{
		Type: core.EventLoginFailed, UserID: user.ID, TargetType: "user", TargetID: user.ID, Outcome: core.OutcomeFailure,
	}
	if email != "" {
		ev.Details = map[string]string{"email": email}
	}
	s.audit.Record(ctx, ev)
	return &core.Error{Code: core.CodeUnauthorized, Reason: "credentials"}
}

// Mint signs a user in without a password. It is for the system alone (tests
// and operators' code through core.AsSystem), not for administrators.
func (s *Service) Mint(ctx context.Context, userID string) (*SignIn, error) {
	if core.ActorFrom(ctx).System == "" {
		return nil, core.Forbidden("")
	}
	user, err := s.existing(ctx, "userId", userID)
	if err != nil {
		return nil, err
	}
	if !user.Active() {
		return nil, core.Invalid("userId", "inactive")
	}
	in, err := s.signIn(ctx, user)
	if err == nil {
		s.record(ctx, core.EventLogin, "user", user.ID, "method", "minted", "session", in.SessionID)
	}
	return in, err
}

func (s *Service) signIn(ctx context.Context, user *core.User) (*SignIn, error) {
	actor, now := core.ActorFrom(ctx), s.now()
	session := &core.Session{
		ID: core.NewID(core.NounSession), UserID: user.ID, Era: user.SessionEra, IP: actor.IP, Agent: clip(actor.Agent, 300),
		CreatedAt: now, ExpiresAt: now.Add(s.lifetime).Truncate(time.Second),
	}
	token, err := s.keys.sign(session)
	if err == nil {
		err = s.store.Sessions.Create(ctx, session)
	}
	if err != nil {
		return nil, core.Internal("identity: sign in", err)
	}
	return &SignIn{Token: token, ExpiresAt: session.ExpiresAt, Lifetime: s.lifetime, User: shown(user), SessionID: session.ID}, nil
}

// clip bounds a text and makes it UTF-8, which a client's header need not be
// and the store insists on.
func clip(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit])
	}
	return text
}
