package csv

// DefaultNulls are the texts that mean "no value" unless the import names others.
var DefaultNulls = []string{"", "NULL", "null", "NA", "N/A"}

// nullSet answers whether a field's text means "no value". The length is looked at
// first, so most fields are told apart without comparing text.
type nullSet struct {
	lengths uint64 // bit n: some text has n bytes
	long    bool   // some text has 64 bytes or more
	texts   []string
}

func newNullSet(texts []string) *nullSet {
	set := &nullSet{texts: texts}
	for _, t := range texts {
		if len(t) < 64 {
			set.lengths |= 1 << len(t)
		} else {
			set.long = true
		}
	}
	return set
}

func (n *nullSet) has(field []byte) bool {
	if len(field) < 64 {
		if n.lengths>>len(field)&1 == 0 {
			return false
		}
	} else if !n.long {
		return false
	}
	for _, t := range n.texts {
		if string(field) == t {
			return true
		}
	}
	return false
}
