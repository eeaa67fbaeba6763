package core

import "time"

// NoticeKind is what a notice is about.
type NoticeKind string

// The kinds of notices.
const (
	NoticeAccessRequested NoticeKind = "ACCESS_REQUESTED" // to the owner: somebody asks for access
	NoticeAccessGranted   NoticeKind = "ACCESS_GRANTED"   // to who asked
	NoticeAccessDeclined  NoticeKind = "ACCESS_DECLINED"  // to who asked
	NoticeShared          NoticeKind = "SHARED"           // to a person: a dashboard was shared with them
	NoticeOwnership       NoticeKind = "OWNERSHIP"        // to a person: something is theirs now
	NoticeLoginLocked     NoticeKind = "LOGIN_LOCKED"     // to a person: somebody tried to sign in as them too often
)

// Notice tells a person something. It lies in the outbox until it is too old.
type Notice struct {
	ID        string
	UserID    string // whom it is for
	Kind      NoticeKind
	ActorID   string // who caused it, "" for nobody in particular
	TargetID  string // dashboard, dataset or card it is about, "" for none
	RequestID string // access request that it is about, "" for none
	Message   string // in the words of who caused it
	CreatedAt time.Time
	ReadAt    time.Time
}

// RequestStatus is where an access request stands.
type RequestStatus string

// The states of an access request.
const (
	RequestOpen     RequestStatus = "OPEN"
	RequestGranted  RequestStatus = "GRANTED"
	RequestDeclined RequestStatus = "DECLINED"
)

// AccessRequest is a person asking for a level on a dashboard. There is one for
// each person and dashboard; asking again opens it again.
type AccessRequest struct {
	DashboardID string
	UserID      string
	Permission  Permission
	Message     string
	Status      RequestStatus
	AnsweredBy  string
	Answer      string // in the words of who answered
	Version     int64
	CreatedAt   time.Time
	AnsweredAt  time.Time
}

// ID is the request's deterministic id.
func (r *AccessRequest) ID() string { return AccessRequestID(r.DashboardID, r.UserID) }
