package core

import (
	"maps"
	"slices"
)

// Bounds of a person's attributes.
const (
	MaxAttributes     = 50
	MaxAttributeName  = 50  // characters
	MaxAttributeValue = 200 // characters; there are at most MaxAttributes values under a name
)

// Attribute is one fact about a person that administrators keep: "department" → ["営業"].
type Attribute struct {
	Name   string
	Values []string
}

// AttributeList is the person's attributes by name.
func (u *User) AttributeList() []Attribute {
	list := make([]Attribute, 0, len(u.Attributes))
	for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
		list = append(list, Attribute{name, u.Attributes[name]})
	}
	return list
}
