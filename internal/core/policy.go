package core

import (
	"slices"
	"time"
)

// PIIClass tells what kind of personal data a column holds.
type PIIClass string

// The classes. DIRECT names a person (name, address, phone), INDIRECT points to
// one (employee number, department), CONFIDENTIAL must not be seen (salary,
// evaluation, health).
const (
	ClassNone         PIIClass = "NONE"
	ClassDirect       PIIClass = "DIRECT"
	ClassIndirect     PIIClass = "INDIRECT"
	ClassConfidential PIIClass = "CONFIDENTIAL"
)

// PIIKind is what data of people a column seems to hold.
type PIIKind string

// The kinds. The first five are DIRECT, the next four INDIRECT, the rest CONFIDENTIAL.
const (
	KindName       PIIKind = "NAME"
	KindEmail      PIIKind = "EMAIL"
	KindPhone      PIIKind = "PHONE"
	KindAddress    PIIKind = "ADDRESS"
	KindBirth      PIIKind = "BIRTH"
	KindEmployee   PIIKind = "EMPLOYEE_NUMBER"
	KindDepartment PIIKind = "DEPARTMENT"
	KindPostal     PIIKind = "POSTAL_CODE"
	KindPersonal   PIIKind = "PERSONAL" // age, sex, position, …
	KindSalary     PIIKind = "SALARY"
	KindEvaluation PIIKind = "EVALUATION"
	KindHealth     PIIKind = "HEALTH"
	KindIdentity   PIIKind = "IDENTITY"  // individual numbers, cards, accounts, passports
	KindSensitive  PIIKind = "SENSITIVE" // belief, origin, criminal record, …
)

// PIIEvidence is what speaks for a proposal.
type PIIEvidence string

// The evidence, from weak to strong.
const (
	EvidenceName   PIIEvidence = "COLUMN_NAME"
	EvidenceValues PIIEvidence = "VALUES"
	EvidenceBoth   PIIEvidence = "COLUMN_NAME_AND_VALUES"
)

// Proposal is the class that was found for a column, and why. The zero value is none.
type Proposal struct {
	Class    PIIClass    `json:"class,omitempty"`
	Kind     PIIKind     `json:"kind,omitempty"`
	Evidence PIIEvidence `json:"evidence,omitempty"`
}

var strictness = map[PIIClass]int{ClassIndirect: 1, ClassDirect: 2, ClassConfidential: 3}

// Stricter is the class that hides more.
func Stricter(a, b PIIClass) PIIClass {
	if strictness[b] > strictness[a] {
		return b
	}
	return a
}

// Mask is how a value is made unreadable. Text is masked in its own way; a
// value of another type becomes empty under every mask.
type Mask string

// The masks: "t***@example.com", "090-****-1234", "田中 *", "***".
const (
	MaskEmail Mask = "EMAIL"
	MaskPhone Mask = "PHONE"
	MaskName  Mask = "NAME"
	MaskAll   Mask = "ALL"
)

// Target is a person or a group.
type Target struct {
	Type TargetType `json:"type"`
	ID   string     `json:"id"`
}

// Policy opens a part of a dataset to some people. A dataset without policies
// is open as a whole to whoever may read it; one with policies shows each person
// the parts that the policies for them open, and nothing where there is none.
// Its owner and administrators see all of it.
type Policy struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Targets   []Target       `json:"targets,omitempty"` // empty: everybody
	Rows      *RowCondition  `json:"rows,omitempty"`    // nil: every row
	Hidden    []string       `json:"hidden,omitempty"`  // columns that are not there
	Masked    []MaskedColumn `json:"masked,omitempty"`
	CreatedBy string         `json:"createdBy"`
	CreatedAt time.Time      `json:"createdAt"`
	UpdatedAt time.Time      `json:"updatedAt"`
}

// MaskedColumn is a column whose values are made unreadable.
type MaskedColumn struct {
	Column string `json:"column"`
	Mask   Mask   `json:"mask"`
}

// RowCondition is a [Predicate] that may ask for the viewer: an OpIn with an
// Attribute matches the viewer's own values of it. Where the viewer has none that
// fit the column it holds no row, nor does its opposite under an OpNot.
type RowCondition struct {
	Op          PredicateOp    `json:"op"`
	Args        []RowCondition `json:"args,omitempty"`
	Column      string         `json:"column,omitempty"`
	Values      []string       `json:"values,omitempty"`
	Attribute   string         `json:"attribute,omitempty"`
	IncludeNull bool           `json:"includeNull,omitempty"`
	From        string         `json:"from,omitempty"`
	To          string         `json:"to,omitempty"`
}

// MaxWindows is how many windows a [Sight] has at most.
const MaxWindows = 50

// Sight is what somebody sees of a dataset: the union of the cells that its
// windows show. A row that no window holds is not there, nor is a column that all
// of them hide. A cell is shown plainly where a window that holds the row does so,
// else masked as the first such window masks it, else it is empty. A nil Sight
// sees everything, one without windows no row.
type Sight struct {
	Windows []Window `json:"windows"`
}

// Window is one part of a dataset: the rows for which its condition is true, as
// they are stored, and what they show. A column that is both hidden and masked is
// hidden. Columns that the dataset does not have may be named.
type Window struct {
	Rows   *Predicate     `json:"rows,omitempty"` // nil: every row
	Hidden []string       `json:"hidden,omitempty"`
	Masked []MaskedColumn `json:"masked,omitempty"`
}

// Columns are those of a dataset's columns that are there, in their order: a
// column that every window hides is not.
func (s *Sight) Columns(all []Column) []Column {
	if s == nil {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(c Column) bool { return s.Hides(c.Name) })
}

// Hides tells whether no window shows the column, masked or plain.
func (s *Sight) Hides(column string) bool {
	return s != nil && !slices.ContainsFunc(s.Windows, func(w Window) bool { return !slices.Contains(w.Hidden, column) })
}

// Shows tells whether the values of the column are seen as they are in every row
// that is seen; not where none is.
func (s *Sight) Shows(column string) bool {
	if s == nil {
		return true
	}
	plain := slices.DeleteFunc(slices.Clone(s.Windows), func(w Window) bool { return !w.shows(column) })
	everyRow := slices.ContainsFunc(plain, func(w Window) bool { return w.Rows == nil })
	return everyRow || len(plain) > 0 && len(plain) == len(s.Windows)
}

// Empty tells that no window holds a row, whatever the data.
func (s *Sight) Empty() bool {
	return s != nil && !slices.ContainsFunc(s.Windows, func(w Window) bool { return !w.empty() })
}

func (w Window) empty() bool { return w.Rows != nil && w.Rows.Op == OpOr && len(w.Rows.Args) == 0 }

// Masks tells whether the window masks the column.
func (w Window) Masks(column string) bool {
	return !slices.Contains(w.Hidden, column) && slices.ContainsFunc(w.Masked, func(m MaskedColumn) bool { return m.Column == column })
}

// shows tells whether the window has rows and the column's own values in them.
func (w Window) shows(column string) bool {
	return !w.empty() && !slices.Contains(w.Hidden, column) && !w.Masks(column)
}
