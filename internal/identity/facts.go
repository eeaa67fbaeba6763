package identity

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
)

// factsBytes is how much all attributes of a person may take together: they are
// read with the person, at every request.
const factsBytes = 64 << 10

// SetAttributes gives a person these attributes in the place of all they have.
// For administrators. Names and values are single lines, no name and no value
// of a name comes twice, and every name has a value.
func (s *Service) SetAttributes(ctx context.Context, userID string, attributes []core.Attribute) (*core.User, error) {
	user, err := s.forChange(ctx, userID)
	if err != nil {
		return nil, err
	}
	checked, err := checkAttributes("input.attributes", attributes)
	if err != nil {
		return nil, err
	}
	if maps.EqualFunc(checked, user.Attributes, slices.Equal) {
		return shown(user), nil
	}
	names := strings.Join(slices.Sorted(maps.Keys(checked)), ", ")
	return s.changeFacts(ctx, userID, func(u *core.User) { u.Attributes = checked }, "attributes", names)
}

// SetPIIAccess lets a person see classified columns as they are, or no longer.
// For administrators.
func (s *Service) SetPIIAccess(ctx context.Context, userID string, access bool) (*core.User, error) {
	user, err := s.forChange(ctx, userID)
	if err != nil {
		return nil, err
	}
	if user.PIIAccess == access {
		return shown(user), nil
	}
	return s.changeFacts(ctx, userID, func(u *core.User) { u.PIIAccess = access }, "piiAccess", strconv.FormatBool(access))
}

// changeFacts records the names of attributes alone: their values are about a person.
func (s *Service) changeFacts(ctx context.Context, userID string, change func(*core.User), details ...string) (*core.User, error) {
	if err := s.audit.Ready(); err != nil {
		return nil, err
	}
	changed, err := s.store.Users.Edit(ctx, userID, func(u *core.User) error {
		change(u)
		return nil
	})
	user, err := found(changed, err, "input.userId")
	if err != nil {
		return nil, err
	}
	return shown(user), s.recordStrict(ctx, core.EventUserUpdated, "user", userID, details...)
}

func checkAttributes(field string, attributes []core.Attribute) (map[string][]string, error) {
	if len(attributes) > core.MaxAttributes {
		return nil, core.Invalid(field, "too_many", "max", core.MaxAttributes)
	}
	checked, size := make(map[string][]string, len(attributes)), 0
	for i, a := range attributes {
		at := field + "." + strconv.Itoa(i)
		name, err := core.CheckLine(at+".name", a.Name, core.MaxAttributeName)
		if err != nil {
			return nil, err
		}
		if checked[name] != nil {
			return nil, core.Invalid(at+".name", "duplicate_item")
		}
		if checked[name], err = checkValues(at+".values", a.Values); err != nil {
			return nil, err
		}
		size += len(name) + len(strings.Join(checked[name], ""))
	}
	if size > factsBytes {
		return nil, core.Invalid(field, "too_large", "max", factsBytes)
	}
	return checked, nil
}

func checkValues(field string, values []string) ([]string, error) {
	switch {
	case len(values) == 0:
		return nil, core.Invalid(field, "required")
	case len(values) > core.MaxAttributes:
		return nil, core.Invalid(field, "too_many", "max", core.MaxAttributes)
	}
	checked := make([]string, 0, len(values))
	for i, v := range values {
		at := field + "." + strconv.Itoa(i)
		v, err := core.CheckLine(at, v, core.MaxAttributeValue)
		if err != nil {
			return nil, err
		}
		if slices.Contains(checked, v) {
			return nil, core.Invalid(at, "duplicate_item")
		}
		checked = append(checked, v)
	}
	return checked, nil
}
