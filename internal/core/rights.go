package core

import "time"

// RightsChange is one line of the history of a person's, a group's, a dataset's,
// a card's or a transform's rights, written in the transaction that changed them. Together with
// the dashboards' [AccessChange] it tells who could see what at any time.
type RightsChange struct {
	SubjectID string // the person, group, dataset, card or transform
	At        time.Time
	Kind      RightsKind
	ActorID   string
	OtherID   string            // the other side: group of a membership, owner of a thing, dashboard of a placement
	Details   map[string]string // by kind: "role", "dataset" (of a new card), "cards" (ids, by commas), "policies" (JSON)
}

// RightsKind is what changed.
type RightsKind string

// The kinds of changes.
const (
	RightsCreated       RightsKind = "created"        // person (role), group, dataset, card or transform (OtherID: owner)
	RightsRole          RightsKind = "role"           // of a person
	RightsDeactivated   RightsKind = "deactivated"    // a person
	RightsAttributes    RightsKind = "attributes"     // of a person: attributes or access to personal data
	RightsMemberAdded   RightsKind = "member_added"   // under the person and under the group
	RightsMemberRemoved RightsKind = "member_removed" // under the person and under the group
	RightsDeleted       RightsKind = "deleted"        // a group, dataset, card or transform
	RightsRestored      RightsKind = "restored"       // a deleted dataset is there again
	RightsOwner         RightsKind = "owner"          // of a dataset, card or transform (OtherID: new owner)
	RightsPolicies      RightsKind = "policies"       // of a dataset
	RightsPlaced        RightsKind = "placed"         // cards came onto a dashboard, whose own history tells how long: under their dataset, a text card's under itself
	RightsDataset       RightsKind = "dataset"        // a card reads another dataset (OtherID)
)
