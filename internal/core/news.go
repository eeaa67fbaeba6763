package core

// Topics of the bus: what is told of whom.

// DashboardTopic tells of changes of a dashboard: [DashboardChange].
func DashboardTopic(id string) string { return "dashboard/" + id }

// PresenceTopic tells who looks at a dashboard.
func PresenceTopic(dashboardID string) string { return "presence/" + dashboardID }

// ImportTopic tells how an import goes on: [ImportProgress].
func ImportTopic(jobID string) string { return "import/" + jobID }

// ExecutionTopic tells how a run of a transform goes on: [TransformExecutionUpdate].
func ExecutionTopic(id string) string { return "execution/" + id }

// NoticeTopic tells a person of their notices: [ServiceNotice].
func NoticeTopic(userID string) string { return "notice/" + userID }

// CardTopic tells those who watch a copy of a card of its changes, as [DashboardChange]
// of no dashboard in particular.
func CardTopic(id string) string { return "card/" + id }

// AnnouncementTopic tells everybody of announcements: [ServiceNotice].
const AnnouncementTopic = "notice/all"

// SignInTopic tells that a session or a key was ended.
func SignInTopic(id string) string { return "session/" + id }

// UserTopic tells that an account was changed: it may be locked, its sessions ended,
// its role another.
func UserTopic(id string) string { return "user/" + id }

// ImportProgress is a step of an import.
type ImportProgress struct {
	Seq      int64         `json:"-"`
	JobID    string        `json:"-"`
	Status   RunStatus     `json:"status"`
	Stage    ImportStage   `json:"stage,omitempty"`
	Progress float64       `json:"progress"`
	Events   []ImportEvent `json:"events"`
}

// TransformExecutionUpdate is a step of a run.
type TransformExecutionUpdate struct {
	Seq         int64      `json:"-"`
	ExecutionID string     `json:"-"`
	Status      RunStatus  `json:"status"`
	Progress    float64    `json:"progress"`
	Events      []RunEvent `json:"events"`
}

// DashboardChangeKind is what is changed about a dashboard.
type DashboardChangeKind string

// The kinds of changes.
const (
	ChangeOpened      DashboardChangeKind = "OPENED" // nothing: who watches begins here
	ChangeUpdated     DashboardChangeKind = "UPDATED"
	ChangeCard        DashboardChangeKind = "CARD"
	ChangeAccess      DashboardChangeKind = "ACCESS"
	ChangeFilterViews DashboardChangeKind = "FILTER_VIEWS"
)

// DashboardChange is a change of a dashboard.
type DashboardChange struct {
	Seq         int64               `json:"-"`
	DashboardID string              `json:"-"`
	Kind        DashboardChangeKind `json:"kind"`
	Version     int64               `json:"version,omitempty"` // of the dashboard then, 0 where it stayed
	CardID      string              `json:"cardId,omitempty"`
	ByID        string              `json:"by,omitempty"` // who changed it, "" for nobody who is told
}

// DashboardPresence is who looks at a dashboard.
type DashboardPresence struct {
	Seq         int64
	DashboardID string
	UserIDs     []string
}

// CardOutcome is what came of one card of a page: a result, or why there is none.
type CardOutcome struct {
	Seq    int64 // 1 for the first that is done
	CardID string
	Result *CardResult
	Err    error
}

// ServiceNoticeKind is what a person is told of.
type ServiceNoticeKind string

// The kinds of what people are told of.
const (
	NewsOpened ServiceNoticeKind = "OPENED" // nothing: who listens begins here
	NewsNotice ServiceNoticeKind = "NOTICE"

	NewsAnnouncement ServiceNoticeKind = "ANNOUNCEMENT"
	NewsWithdrawn    ServiceNoticeKind = "WITHDRAWN"
)

// ServiceNotice is something that a person is told at once.
type ServiceNotice struct {
	Seq      int64             `json:"-"`
	Kind     ServiceNoticeKind `json:"kind"`
	NoticeID string            `json:"notice,omitempty"`

	AnnouncementID string `json:"announcement,omitempty"`
}
