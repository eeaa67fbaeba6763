package csv

import "github.com/karuta-bi/karuta/internal/core"

// kinds is a set of types that a value, or every value of a column so far, can have.
type kinds uint8

const (
	kindInt kinds = 1 << iota
	kindFloat
	kindBool
	kindDate
	kindLocal // a datetime without an offset; a plain date counts too
	kindZoned // a datetime with an offset

	anyKind  = kindInt | kindFloat | kindBool | kindDate | kindLocal | kindZoned
	anyTime  = kindDate | kindLocal | kindZoned
	anyOther = anyKind &^ anyTime
)

// Form tells in which written forms a column's dates come, where the database
// needs to know.
type Form uint8

// The forms that need help.
const (
	FormKanji       Form = 1 << iota // 2024年1月2日
	FormZonedMinute                  // an offset after minutes: 2024-01-02T03:04+09:00
)

// evidence is what the values of one column have shown.
type evidence struct {
	mask     kinds
	form     Form
	seen     bool // some value is not null
	nullable bool
	forced   bool // the import says that it is a date
}

func newEvidence(forced, text bool) evidence {
	if forced || text {
		return evidence{mask: anyTime, forced: forced}
	}
	return evidence{mask: anyKind}
}

// observe takes in one value. It is false where a column that must hold dates does not.
func (e *evidence) observe(field []byte, nulls *nullSet) bool {
	if e.mask == 0 && e.nullable {
		return true
	}
	if nulls.has(field) {
		e.nullable = true
		return true
	}
	e.seen = true
	if e.mask != 0 {
		e.mask &= e.kindsOf(field)
		return e.mask != 0 || !e.forced
	}
	return true
}

// kindsOf is the set of types that the value can have, as far as the column still asks.
func (e *evidence) kindsOf(field []byte) kinds {
	if len(field) == 0 {
		return 0
	}
	if e.mask&anyTime != 0 {
		if k, form := timeKinds(field); k != 0 {
			e.form |= form
			return k
		}
		if e.mask&anyOther == 0 {
			return 0
		}
	}
	switch field[0] {
	case 't', 'T', 'f', 'F':
		return boolKinds(field)
	}
	return numberKinds(field)
}

func boolKinds(field []byte) kinds {
	if equalFold(field, "true") || equalFold(field, "false") {
		return kindBool
	}
	return 0
}

// equalFold compares with a text in lower-case ASCII letters.
func equalFold(field []byte, lower string) bool {
	if len(field) != len(lower) {
		return false
	}
	for i, c := range field {
		if c|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// merge adds what another part of the same column has shown.
func (e *evidence) merge(other evidence) {
	e.mask &= other.mask
	e.form |= other.form
	e.seen = e.seen || other.seen
	e.nullable = e.nullable || other.nullable
}

// column is the verdict: the narrowest type that every value has.
func (e *evidence) column(name string) Column {
	c := Column{Column: core.Column{Name: name, Type: core.TypeString, Nullable: e.nullable}}
	if !e.seen {
		return c
	}
	switch {
	case e.mask&kindInt != 0:
		c.Type = core.TypeInt64
	case e.mask&kindFloat != 0:
		c.Type = core.TypeFloat64
	case e.mask&kindBool != 0:
		c.Type = core.TypeBool
	case e.mask&kindDate != 0:
		c.Type, c.Form = core.TypeDate, e.form
	case e.mask&kindLocal != 0:
		c.Type = core.TypeDatetime
	case e.mask&kindZoned != 0:
		c.Type, c.Zoned, c.Form = core.TypeDatetime, true, e.form
	}
	return c
}
