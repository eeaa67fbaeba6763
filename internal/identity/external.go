package identity

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/karuta-bi/karuta/internal/core"
)

// Admission says whom an issuer may sign in.
type Admission struct {
	Domains []string // of addresses, in lower case; none: any
	Create  bool     // make an account for who has none
	Issuer  string   // whose people are let in; "" is none's
}

// viaIssuer names the way of a sign-in in the record, and who acts for it.
const viaIssuer = "oidc"

// flowMemory is how long a flow stays spent: longer than any flow lasts.
const flowMemory = time.Hour

// LoginExternal signs a person in whom an issuer vouches for. The flow names the
// sign-in at the issuer, which counts once; prove finds out what the issuer says.
// Failures brake the client as wrong passwords do, but for an issuer's that does not
// answer; they guess at nothing, and keep nobody there from their password. Errors of prove come as they are; besides them UNAUTHORIZED.sign_in_expired
// for a flow that was spent, and FORBIDDEN with a reason for whom it lets in nowhere.
func (s *Service) LoginExternal(ctx context.Context, flow string, prove func(context.Context) (*core.Claims, error)) (*SignIn, error) {
	first, err := s.store.Sessions.Spend(ctx, flow, s.now().Add(flowMemory))
	if err != nil {
		return nil, core.Internal("identity: spend flow", err)
	}
	if !first {
		return nil, expired("the flow was spent before")
	}
	try, err := s.reserveAt(ctx, brakeID(viaIssuer, core.ClientOf(core.ActorFrom(ctx).IP)))
	if err != nil {
		return nil, err
	}
	said, err := prove(ctx)
	user, in, err := s.enterClaimed(ctx, said, err)
	if err := s.settle(ctx, try, &core.User{}, !lets(err)); err != nil {
		return nil, err
	}
	if err != nil {
		s.recordRefusal(ctx, user, said, err)
		return nil, err
	}
	s.audit.Record(ctx, core.AuditEvent{
		Type: core.EventLogin, UserID: user.ID, SessionID: in.SessionID, TargetType: "user", TargetID: user.ID,
		Details: map[string]string{"method": viaIssuer},
	})
	return in, nil
}

// lets tells whether the error is a refusal, and no outage.
func lets(err error) bool {
	code := core.CodeOf(err)
	return code == core.CodeUnauthorized || code == core.CodeForbidden
}

// enterClaimed is the person of the claims with a fresh session. A person who is
// known comes with the error, too.
func (s *Service) enterClaimed(ctx context.Context, said *core.Claims, err error) (*core.User, *SignIn, error) {
	if err != nil {
		return nil, nil, err
	}
	user, err := s.personOf(ctx, said)
	if err != nil {
		return user, nil, err
	}
	if said.Grouped {
		if err := s.alignGroups(ctx, user, said.Groups); err != nil {
			return user, nil, err
		}
	}
	in, err := s.enter(ctx, user)
	if err == nil && in == nil {
		err = expired("the account was changed meanwhile")
	}
	if err == nil {
		err = s.stillKnown(ctx, said, user, in)
	}
	return user, in, err
}

// stillKnown ends a session that has begun while its person was parted from the issuer:
// it may be of the era that began then.
func (s *Service) stillKnown(ctx context.Context, said *core.Claims, user *core.User, in *SignIn) error {
	now, err := s.store.Users.ByIdentity(ctx, said.Issuer, said.Subject)
	switch {
	case err != nil:
		return core.Internal("identity: sign in at the issuer", err)
	case now == nil || now.ID != user.ID:
		_ = s.store.Sessions.Revoke(ctx, in.SessionID, s.now())
		return expired("the person was parted from the issuer meanwhile")
	}
	return nil
}

func expired(why string) error {
	return &core.Error{Code: core.CodeUnauthorized, Reason: "sign_in_expired", Cause: errors.New("identity: " + why)}
}

// personOf finds the person of the claims, by what the issuer always calls them and
// never by an address that nobody vouches for; on their first sign-in an account
// is made or linked. Two first ones at once make one.
func (s *Service) personOf(ctx context.Context, said *core.Claims) (*core.User, error) {
	email, err := checkEmail("email", said.Email)
	switch {
	case said.Email == "":
		return nil, turnedAway("email_unverified", "the issuer tells no address")
	case err != nil:
		return nil, turnedAway("email_unverified", "the issuer tells an address that is none")
	case !sameAddress(said.Email, email):
		return nil, turnedAway("email_unverified", "the issuer tells an address in characters that only look like another's")
	case !said.Verified:
		return nil, turnedAway("email_unverified", "the issuer does not vouch for the address")
	case !s.admission.admits(email):
		return nil, turnedAway("email_domain", "the domain of the address is not in OIDC_EMAIL_DOMAINS")
	}
	for try := 0; ; try++ {
		user, err := s.store.Users.ByIdentity(ctx, said.Issuer, said.Subject)
		if err == nil && user == nil {
			user, err = s.firstSignIn(ctx, said, email)
		}
		switch {
		case core.CodeOf(err) == core.CodeDuplicate && try < firstTries: // another one was faster
		case err != nil:
			return user, core.Known("identity: sign in at the issuer", err)
		case !user.Active():
			return user, core.Forbidden("sign_in_deactivated")
		default:
			return user, nil
		}
	}
}

// sameAddress tells whether an address is the one that it has become, but for case. What
// is typed may be in full width; what an issuer vouches for is the very mailbox.
func sameAddress(told, email string) bool {
	return norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSpace(told)))) == email
}

// firstTries is how often a first sign-in is looked at anew because another one came before.
const firstTries = 3

func (a Admission) admits(email string) bool {
	_, domain, _ := strings.Cut(email, "@")
	return len(a.Domains) == 0 || slices.Contains(a.Domains, domain)
}

// firstSignIn makes an account, or links the one that has the address.
func (s *Service) firstSignIn(ctx context.Context, said *core.Claims, email string) (*core.User, error) {
	known, err := s.store.Users.ByEmail(ctx, email)
	switch {
	case err != nil:
		return nil, err
	case known != nil:
		return known, s.link(ctx, known, said)
	case !s.admission.Create:
		return nil, turnedAway("no_account", "nobody has the address, and OIDC_CREATE_USERS is false")
	}
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	now := s.now()
	user := &core.User{ID: core.NewID(core.NounUser), Email: email, Name: personName(said.Name, email), Role: core.RoleUser, CreatedAt: now, UpdatedAt: now}
	ctx = core.AsSystem(ctx, viaIssuer)
	if err := s.store.Users.CreateKnown(ctx, user, said.Issuer, said.Subject); err != nil {
		return nil, err
	}
	return user, s.recordStrict(ctx, core.EventUserCreated, "user", user.ID, "email", email, "role", string(user.Role), "method", viaIssuer)
}

// personName is the issuer's name for a person as far as it can be one here.
func personName(name, email string) string {
	if name, err := core.CheckLine("name", clip(name, personNameMax), personNameMax); err == nil {
		return name
	}
	return email
}

// link makes the account of an address the issuer's subject, on the issuer's word
// alone. So it takes a domain that is named in the settings, and never an
// administrator's account; who is linked already stays whom the issuer first named.
func (s *Service) link(ctx context.Context, known *core.User, said *core.Claims) error {
	suits := func(u *core.User) error {
		switch {
		case !u.Active():
			return core.Forbidden("sign_in_deactivated")
		case len(s.admission.Domains) == 0:
			return turnedAway("account_exists", "accounts are linked only where OIDC_EMAIL_DOMAINS names their domain")
		case u.Role == core.RoleAdmin:
			return turnedAway("account_exists", "an administrator's account is not linked")
		}
		return nil
	}
	if err := s.audit.Ready(); err != nil {
		return err
	}
	ctx = core.AsSystem(ctx, viaIssuer)
	err := s.store.Users.Link(ctx, known.ID, said.Issuer, said.Subject, suits)
	if core.CodeOf(err) == core.CodeDuplicate {
		return s.linkedOtherwise(ctx, said, err)
	}
	if err != nil {
		return err
	}
	return s.recordStrict(ctx, core.EventUserUpdated, "user", known.ID, "linked", said.Issuer)
}

// linkedOtherwise tells a person who was linked a moment ago from an account that is
// somebody else's at the issuer.
func (s *Service) linkedOtherwise(ctx context.Context, said *core.Claims, taken error) error {
	user, err := s.store.Users.ByIdentity(ctx, said.Issuer, said.Subject)
	if err != nil || user != nil {
		return errors.Join(err, taken)
	}
	return turnedAway("account_exists", "the account belongs to another subject of the issuer")
}

// turnedAway lets a person in nowhere. Why is for the log: people need not know what
// an account is like.
func turnedAway(reason, why string) error {
	return &core.Error{Code: core.CodeForbidden, Reason: reason, Cause: errors.New("identity: " + why)}
}

// recordRefusal records who was not let in, and why. An outage is none.
func (s *Service) recordRefusal(ctx context.Context, user *core.User, said *core.Claims, refusal error) {
	problem, ok := errors.AsType[*core.Error](refusal)
	if !ok || !lets(refusal) {
		return
	}
	ev := core.AuditEvent{
		Type: core.EventLoginFailed, TargetType: "user", Outcome: core.OutcomeFailure,
		Details: map[string]string{"method": viaIssuer, "reason": problem.Reason},
	}
	if user != nil {
		ev.UserID, ev.TargetID = user.ID, user.ID
	}
	if said != nil && said.Email != "" {
		ev.Details["email"] = clip(said.Email, emailMax)
	}
	s.audit.Record(ctx, ev)
}
