package core

import "time"

// EventType is what happened, as the audit log names it.
type EventType string

// The events of the audit log.
const (
	EventLogin              EventType = "USER_LOGIN"
	EventLogout             EventType = "USER_LOGOUT"
	EventLoginFailed        EventType = "USER_LOGIN_FAILED"
	EventUserCreated        EventType = "USER_CREATED"
	EventUserDeactivated    EventType = "USER_DEACTIVATED"
	EventPasswordChanged    EventType = "USER_PASSWORD_CHANGED"
	EventPasswordReset      EventType = "USER_PASSWORD_RESET"
	EventRoleChanged        EventType = "ROLE_CHANGED"
	EventSessionRevoked     EventType = "SESSION_REVOKED"
	EventGroupCreated       EventType = "GROUP_CREATED"
	EventGroupMemberAdded   EventType = "GROUP_MEMBER_ADDED"
	EventGroupMemberRemoved EventType = "GROUP_MEMBER_REMOVED"
	EventDatasetCreated     EventType = "DATASET_CREATED"
	EventDatasetImported    EventType = "DATASET_IMPORTED"
	EventImportConfirmed    EventType = "DATASET_IMPORT_CONFIRMED"
	EventDatasetUpdated     EventType = "DATASET_UPDATED"
	EventDatasetDeleted     EventType = "DATASET_DELETED"
	EventDatasetRestored    EventType = "DATASET_RESTORED"
	EventDatasetUndeleted   EventType = "DATASET_UNDELETED"
	EventDatasetPurged      EventType = "DATASET_PURGED"
	EventDataExported       EventType = "DATA_EXPORTED"
	EventCardCreated        EventType = "CARD_CREATED"
	EventCardUpdated        EventType = "CARD_UPDATED"
	EventCardDeleted        EventType = "CARD_DELETED"
	EventCardFailed         EventType = "CARD_EXECUTION_FAILED"
	EventDashboardCreated   EventType = "DASHBOARD_CREATED"
	EventDashboardUpdated   EventType = "DASHBOARD_UPDATED"
	EventDashboardDeleted   EventType = "DASHBOARD_DELETED"
	EventDashboardViewed    EventType = "DASHBOARD_VIEWED"
	EventShareAdded         EventType = "DASHBOARD_SHARE_ADDED"
	EventShareUpdated       EventType = "DASHBOARD_SHARE_UPDATED"
	EventShareRemoved       EventType = "DASHBOARD_SHARE_REMOVED"
	EventTransformCreated   EventType = "TRANSFORM_CREATED"
	EventTransformUpdated   EventType = "TRANSFORM_UPDATED"
	EventTransformDeleted   EventType = "TRANSFORM_DELETED"
	EventTransformExecuted  EventType = "TRANSFORM_EXECUTED"
	EventTransformFailed    EventType = "TRANSFORM_FAILED"
	EventChatbotQuery       EventType = "CHATBOT_QUERY"
	EventAccessDenied       EventType = "ACCESS_DENIED"
	EventAccessRequested    EventType = "ACCESS_REQUESTED"
	EventAccessAnswered     EventType = "ACCESS_REQUEST_ANSWERED"
	EventAccessExplained    EventType = "ACCESS_EXPLAINED"
	EventAccessReported     EventType = "ACCESS_REPORTED"
	EventViewedAs           EventType = "VIEWED_AS"
	EventUserUpdated        EventType = "USER_UPDATED"
	EventLoginLocked        EventType = "USER_LOGIN_LOCKED"
	EventGroupUpdated       EventType = "GROUP_UPDATED"
	EventGroupDeleted       EventType = "GROUP_DELETED"
	EventKeyCreated         EventType = "API_KEY_CREATED"
	EventKeyRevoked         EventType = "API_KEY_REVOKED"
	EventPolicyCreated      EventType = "POLICY_CREATED"
	EventPolicyUpdated      EventType = "POLICY_UPDATED"
	EventPolicyDeleted      EventType = "POLICY_DELETED"
	EventRateLimitSet       EventType = "RATE_LIMIT_SET"
	EventAddressBlocked     EventType = "ADDRESS_BLOCKED"
	EventAddressUnblocked   EventType = "ADDRESS_UNBLOCKED"
	EventDashboardCloned    EventType = "DASHBOARD_CLONED"
	EventOwnerChanged       EventType = "OWNERSHIP_TRANSFERRED"
	EventFilterViewCreated  EventType = "FILTER_VIEW_CREATED"
	EventFilterViewUpdated  EventType = "FILTER_VIEW_UPDATED"
	EventFilterViewDeleted  EventType = "FILTER_VIEW_DELETED"
	EventBrokenOff          EventType = "OPERATION_BROKEN_OFF"
	EventAuditViewed        EventType = "AUDIT_VIEWED"

	EventAnnounced             EventType = "ANNOUNCEMENT_MADE"
	EventAnnouncementWithdrawn EventType = "ANNOUNCEMENT_WITHDRAWN"

	EventOperationRegistered EventType = "OPERATION_REGISTERED"
	EventOperationRetired    EventType = "OPERATION_RETIRED"
)

// Outcome is how an audited act ended.
type Outcome string

// The three outcomes.
const (
	OutcomeSuccess Outcome = "SUCCESS"
	OutcomeFailure Outcome = "FAILURE"
	OutcomeDenied  Outcome = "DENIED"
)

// AuditEvent is one line of the audit log.
type AuditEvent struct {
	ID         string
	At         time.Time // millisecond precision
	Type       EventType
	UserID     string // who; "anonymous" where nobody was signed in
	TargetType string // noun of the target: "dashboard", "dataset", …
	TargetID   string
	Details    map[string]string // masked before it is written
	RequestID  string
	ActorIP    string
	SessionID  string
	Outcome    Outcome
	Agent      string
}

// AuditFilter narrows the audit log. Zero fields do not narrow.
type AuditFilter struct {
	EventTypes []EventType
	UserID     string
	TargetID   string
	From       time.Time // inclusive
	To         time.Time // inclusive
}
