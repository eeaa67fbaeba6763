package table

// Item is one stored item by attribute name. Values are string, int64, float64,
// bool, []byte, []any and map[string]any of the same; nil is not a value: leave
// the attribute out. The engines refuse anything else. A float64 without a
// fraction comes back as int64 (see [Number]), so read floats with Float.
type Item map[string]any

// Names of the attributes every engine knows.
const (
	AttrPK      = "PK"
	AttrSK      = "SK"
	AttrVersion = "version" // int64, what IfVersion compares
)

// Str is the attribute as text, "" when absent.
func (it Item) Str(name string) string {
	s, _ := it[name].(string)
	return s
}

// Int is the attribute as a whole number, 0 when absent.
func (it Item) Int(name string) int64 {
	switch v := it[name].(type) {
	case int64:
		return v
	case float64:
		return int64(v)
	}
	return 0
}

// Float is the attribute as a number, 0 when absent.
func (it Item) Float(name string) float64 {
	switch v := it[name].(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return 0
}

// Bool is the attribute as a truth value, false when absent.
func (it Item) Bool(name string) bool {
	b, _ := it[name].(bool)
	return b
}

// Strings is the attribute as a list of texts, nil when absent.
func (it Item) Strings(name string) []string {
	list, _ := it[name].([]any)
	if len(list) == 0 {
		return nil
	}
	out := make([]string, 0, len(list))
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
