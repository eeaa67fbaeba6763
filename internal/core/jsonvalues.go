package core

// MaxJSONValues is how many values a client's JSON may hold in all its lists and
// objects. Read into memory, a value of two bytes takes fifty.
const MaxJSONValues = 100_000

// TooManyJSONValues tells that a text, which need not be JSON, may hold more values
// than [MaxJSONValues].
func TooManyJSONValues(text []byte) bool {
	n, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '[' || c == '{'):
			n++
		}
	}
	return n > MaxJSONValues
}
