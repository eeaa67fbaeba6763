package core

import (
	"strings"
	"time"
)

// PathKind is how a thing is open to somebody.
type PathKind string

// The kinds of paths.
const (
	PathOwner     PathKind = "OWNER"     // it is theirs
	PathShare     PathKind = "SHARE"     // it was shared with them
	PathGroup     PathKind = "GROUP"     // it was shared with a group of theirs, or is that group
	PathAdmin     PathKind = "ADMIN"     // they are an administrator
	PathDashboard PathKind = "DASHBOARD" // a dashboard that they may view shows it
	PathGrant     PathKind = "GRANT"     // a dashboard that the card was copied over is open to them, too
)

// AccessPath is one way by which a thing is open to somebody.
type AccessPath struct {
	Kind        PathKind
	Permission  Permission // on the dashboard, none where the path gives none
	DashboardID string     // that it leads through
	GroupID     string
	ShareID     string
	ExpiresAt   time.Time // when it ends, zero: never
}

// MissingKind is what would open a thing to somebody.
type MissingKind string

// What may be missing.
const (
	MissingAccount   MissingKind = "ACCOUNT"   // they are locked
	MissingShare     MissingKind = "SHARE"     // a share of the dashboard
	MissingOwner     MissingKind = "OWNER"     // a share of the dashboard as its owner
	MissingDashboard MissingKind = "DASHBOARD" // a dashboard that shows it
	MissingAdmission MissingKind = "ADMISSION" // a share of the dashboard that the card was copied over
	MissingOrigin    MissingKind = "ORIGIN"    // the dashboard that the card was copied over is gone, or does not hold it any more
	MissingMember    MissingKind = "MEMBER"    // to be a member of the group
	MissingView      MissingKind = "VIEW"      // its owner keeps the filter view for themselves
	MissingOwnership MissingKind = "OWNERSHIP" // to own it: nobody else but administrators sees a transform
	MissingPolicy    MissingKind = "POLICY"    // a policy that opens rows of the dataset to them
	MissingAttribute MissingKind = "ATTRIBUTE" // a value of an attribute that a policy for them asks for
)

// MissingAccess is what is missing, and who can give it.
type MissingAccess struct {
	Kind        MissingKind
	DashboardID string // that would have to be shared, "" for none
	DatasetID   string // whose rows it would open, "" for none
	Attribute   string // that is not set, "" for none
	GiverIDs    []string
}

// Explanation is why somebody can or cannot reach a thing.
type Explanation struct {
	UserID     string
	ResourceID string
	Allowed    bool // to see it
	CanEdit    bool
	CanManage  bool
	Paths      []AccessPath
	Missing    []MissingAccess // where Allowed, what keeps rows of its data from them
	Effects    []PolicyEffect  // what they see of the datasets behind it; none where not Allowed
}

var pathSentences = map[PathKind]text{
	PathOwner:     {"所有者です。", "They own it."},
	PathShare:     {"本人に直接共有されています。", "It was shared with them."},
	PathGroup:     {"所属するグループを通じて利用できます。", "They reach it through a group that they are in."},
	PathAdmin:     {"管理者です。", "They are an administrator."},
	PathDashboard: {"これを表示するダッシュボードを閲覧できます。", "They may view a dashboard that shows it."},
	PathGrant:     {"コピー元のダッシュボードも閲覧できます。", "They may also view the dashboard that it was copied from."},
}

// Sentence tells the kind in a person's language.
func (k PathKind) Sentence(l Locale) string { return pathSentences[k].in(l) }

var missingSentences = map[MissingKind]text{
	MissingAccount:   {"アカウントが利用停止中です。管理者が再開するまで何も利用できません。", "Their account is locked. Nothing is open to them until an administrator opens it."},
	MissingShare:     {"ダッシュボードが共有されていません。所有者または管理者が共有できます。", "The dashboard is not shared with them. Its owner or an administrator can share it."},
	MissingOwner:     {"共有の設定を見られるのは所有者だけです。所有者として共有される必要があります。", "Only owners see how it is shared. It would have to be shared with them as an owner."},
	MissingDashboard: {"これを表示するダッシュボードのどれも共有されていません。所有者がダッシュボードに載せて共有できます。", "No dashboard that shows it is shared with them. Its owner can put it on one and share that."},
	MissingAdmission: {"コピー元のダッシュボードが共有されていません。コピー元の所有者が共有できます。", "The dashboard that it was copied from is not shared with them. The owner of that one can share it."},
	MissingOrigin:    {"コピー元のダッシュボードがなくなったか、カードが外されました。カードの所有者に相談してください。", "The dashboard that it was copied from is gone or does not hold it any more. Please ask the owner of the card."},
	MissingMember:    {"グループのメンバーではありません。管理者が追加できます。", "They are not a member of the group. An administrator can add them."},
	MissingView:      {"作成者だけのフィルタービューです。作成者が公開できます。", "Its owner keeps this filter view for themselves. They can share it."},
	MissingOwnership: {"変換を見られるのは所有者と管理者だけです。所有者が所有権を譲渡できます。", "Only its owner and administrators see a transform. Its owner can give it to them."},
	MissingPolicy:    {"このデータの行を公開するポリシーがありません。データの所有者または管理者が設定できます。", "No policy opens any row of this data to them. The owner of the data or an administrator can make one."},
	MissingAttribute: {"属性「{attribute}」に合う値が設定されていません。管理者が設定できます。", "No fitting value of “{attribute}” is set for them. An administrator can set it."},
}

// Sentence tells what is missing in a person's language.
func (m MissingAccess) Sentence(l Locale) string {
	return strings.ReplaceAll(missingSentences[m.Kind].in(l), "{attribute}", m.Attribute)
}

func (t text) in(l Locale) string {
	if l == English {
		return t.en
	}
	return t.ja
}

// PersonAccess is what a person may do with a dashboard, and by which ways.
type PersonAccess struct {
	UserID     string
	Permission Permission
	Paths      []AccessPath
}
