package core

import (
	"context"
	"sync"
)

// Actor is who is behind a request, and from where. A nil User is an anonymous
// visitor; a System name is Karuta itself or the operator at the machine, who
// may do everything and is named in the audit log.
type Actor struct {
	User      *User
	System    string // "operator", "" for people
	SessionID string
	IP        string
	Agent     string // User-Agent of the client
	RequestID string
	Locale    Locale
	Key       *APIKey // the key that opened the door, nil for a session
	ViewedBy  string  // id of who looks through the User's eyes, "" for nobody; then everything is read-only and recorded under this id
	Asker     *Actor  // who looks, where they are no administrator: nothing opens to them that is not open to both; nil for all others

	memo    sync.Map // decisions of this request, see Memo
	reading Reading
}

// SignedIn tells whether a person or the system is known.
func (a *Actor) SignedIn() bool { return a != nil && (a.User != nil || a.System != "") }

// IsAdmin tells whether the actor may administer. Nobody may through somebody
// else's eyes who may not by themselves.
func (a *Actor) IsAdmin() bool {
	return a != nil && a.Asker == nil && (a.System != "" || a.User != nil && a.User.Role == RoleAdmin)
}

// Is tells whether the actor is the person, for what is theirs alone to see:
// through their eyes only an administrator sees it.
func (a *Actor) Is(userID string) bool {
	return a != nil && a.Asker == nil && a.UserID() == userID
}

// ActingID is whose act it is: who looks through another's eyes, else [Actor.UserID].
func (a *Actor) ActingID() string {
	if a != nil && a.ViewedBy != "" {
		return a.ViewedBy
	}
	return a.UserID()
}

// UserID is the acting user's id, "" for the anonymous, the system's name for the system.
func (a *Actor) UserID() string {
	switch {
	case a == nil:
		return ""
	case a.User != nil:
		return a.User.ID
	}
	return a.System
}

// SignIn is who somebody is and how they came in: what is kept of an actor to find
// out later whether they are still there.
type SignIn struct {
	UserID    string `json:"userId"`
	SessionID string `json:"sessionId,omitempty"`
	KeyID     string `json:"keyId,omitempty"`
}

// SignIn is the actor's own.
func (a *Actor) SignIn() SignIn {
	in := SignIn{UserID: a.UserID(), SessionID: a.SessionID}
	if a.Key != nil {
		in.KeyID = a.Key.ID
	}
	return in
}

// Memo keeps what was found out once for the rest of the request.
func (a *Actor) Memo() *sync.Map { return &a.memo }

// Reading is what was read and done for the actor.
func (a *Actor) Reading() *Reading { return &a.reading }

type actorKey struct{}

// WithActor puts the actor into the context.
func WithActor(ctx context.Context, a *Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorFrom is the actor of the context; an anonymous one when there is none, never nil.
func ActorFrom(ctx context.Context) *Actor {
	if a, ok := ctx.Value(actorKey{}).(*Actor); ok {
		return a
	}
	return &Actor{Locale: Japanese}
}

// AsSystem is the context of work that Karuta or its operator does, under the given name.
func AsSystem(ctx context.Context, name string) context.Context {
	from := ActorFrom(ctx)
	return WithActor(ctx, &Actor{System: name, RequestID: from.RequestID, Locale: from.Locale})
}

// Detach is a context for work that outlives its request: it ends with life,
// and has the request's actor with a memory of its own.
func Detach(life, request context.Context) context.Context {
	a := ActorFrom(request)
	return WithActor(life, &Actor{
		User: a.User, System: a.System, SessionID: a.SessionID,
		IP: a.IP, Agent: a.Agent, RequestID: a.RequestID, Locale: a.Locale, Key: a.Key, ViewedBy: a.ViewedBy, Asker: a.Asker,
	})
}
