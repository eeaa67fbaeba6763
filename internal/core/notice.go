package core

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// NoticeKind is what a notice is about.
type NoticeKind string

// The kinds of notices.
const (
	NoticeAccessRequested NoticeKind = "ACCESS_REQUESTED" // to the owner: somebody asks for access
	NoticeAccessGranted   NoticeKind = "ACCESS_GRANTED"   // to who asked
	NoticeAccessDeclined  NoticeKind = "ACCESS_DECLINED"  // to who asked
	NoticeShared          NoticeKind = "SHARED"           // to a person: a dashboard was shared with them
	NoticeOwnership       NoticeKind = "OWNERSHIP"        // to a person: something is theirs now
	NoticeColumnsChanged  NoticeKind = "COLUMNS_CHANGED"  // to a person: columns of a dataset went or changed that something of theirs uses
	NoticeLoginLocked     NoticeKind = "LOGIN_LOCKED"     // to a person: somebody tried to sign in as them too often
)

// Notice tells a person something. It lies in the outbox until it is too old.
type Notice struct {
	ID        string
	UserID    string // whom it is for
	Kind      NoticeKind
	ActorID   string // who caused it, "" for nobody in particular
	TargetID  string // dashboard, dataset, card or filter view it is about, "" for none
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

// noticeSentences say what a notice tells. Who is "" for nobody that the reader
// may know, and so is what; then the second sentence is taken.
var noticeSentences = map[NoticeKind][2]text{
	NoticeAccessRequested: {
		{"{who}さんが「{what}」の閲覧権限を求めています。", "{who} asks for access to “{what}”."},
		{"権限の申請がありました。", "Somebody asked for access."},
	},
	NoticeAccessGranted: {
		{"{who}さんが「{what}」の権限を付与しました。", "{who} gave you access to “{what}”."},
		{"申請した権限が付与されました。", "You were given the access you asked for."},
	},
	NoticeAccessDeclined: {
		{"{who}さんが「{what}」の権限の申請を見送りました。", "{who} declined your request for “{what}”."},
		{"権限の申請は見送られました。", "Your request for access was declined."},
	},
	NoticeShared: {
		{"{who}さんが「{what}」を共有しました。", "{who} shared “{what}” with you."},
		{"ダッシュボードが共有されました。", "A dashboard was shared with you."},
	},
	NoticeOwnership: {
		{"{who}さんから「{what}」の所有者を引き継ぎました。", "{who} made you the owner of “{what}”."},
		{"所有者を引き継いだものがあります。", "You were made the owner of something."},
	},
	NoticeColumnsChanged: {
		{"{who}さんが「{what}」の列を変更しました。使っているものを確認してください。", "{who} changed columns of “{what}”. Please check what you have that uses them."},
		{"データの列が変更されました。使っているものを確認してください。", "Columns of your data were changed. Please check what uses them."},
	},
	NoticeLoginLocked: {
		{"ログインの失敗が続いたため、しばらくログインできません。", "Signing in failed too often and is not possible for a while."},
		{"ログインの失敗が続いたため、しばらくログインできません。", "Signing in failed too often and is not possible for a while."},
	},
}

// NoticeSentence is what a person reads of a notice: who did it to what, where
// the reader may know both, else without names.
func NoticeSentence(l Locale, kind NoticeKind, who, what string) string {
	full, short := noticeSentences[kind][0], noticeSentences[kind][1]
	if who == "" || what == "" {
		full = short
	}
	s := full.ja
	if l == English {
		s = full.en
	}
	return strings.NewReplacer("{who}", who, "{what}", what).Replace(s)
}

// NoticeKinds are all kinds of notices.
func NoticeKinds() []NoticeKind { return slices.Sorted(maps.Keys(noticeSentences)) }
