package schema

import (
	"encoding/json"
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/karuta-bi/karuta/internal/core"
)

// File is the value of the scalar Upload: one file of a multipart request,
// read from the network while it is used.
type File struct {
	Name string // as the client calls it
	Body io.Reader
}

// MarshalJSON is the file's name: what is in it is not known before it is read.
func (f *File) MarshalJSON() ([]byte, error) { return json.Marshal(f.Name) }

// tokyo is where a moment without a zone is. Japan has no daylight saving time.
var tokyo = time.FixedZone("Asia/Tokyo", 9*60*60)

// timeForms are what is accepted for the scalar Time. RFC 3339 is the form of
// the contract; the others are what people and the runbook write.
var timeForms = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02"}

// ParseTime reads a moment; without a zone it is Japanese time, and a bare date is its beginning.
func ParseTime(s string) (time.Time, error) {
	if len(s) <= len("2006-01-02T15:04:05.999999999+09:00") {
		for _, form := range timeForms {
			if t, err := time.ParseInLocation(form, s, tokyo); err == nil && t.Year() > 0 {
				return t.UTC(), nil
			}
		}
	}
	return time.Time{}, core.Invalid("", "bad_value")
}

// MarshalTime writes a moment as RFC 3339 in UTC, the zero time as null.
func MarshalTime(t time.Time) graphql.Marshaler {
	if t.IsZero() {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		var buf [40]byte
		text := append(buf[:0], '"')
		text = append(t.UTC().AppendFormat(text, time.RFC3339Nano), '"')
		_, _ = w.Write(text)
	})
}

// UnmarshalTime reads a moment, see [ParseTime].
func UnmarshalTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, core.Invalid("", "bad_value")
	}
	return ParseTime(s)
}

// MarshalJSON writes a JSON object that is kept as text; "" is {}.
func MarshalJSON(text string) graphql.Marshaler {
	if text == "" {
		text = "{}"
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, text) })
}

// UnmarshalJSON reads a JSON object into its text.
func UnmarshalJSON(v any) (string, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return "", core.Invalid("", "bad_value")
	}
	text, err := json.Marshal(object)
	if err != nil {
		return "", core.Invalid("", "bad_value")
	}
	return string(text), nil
}

// MarshalUpload exists because a scalar needs it; no field gives an upload.
func MarshalUpload(*File) graphql.Marshaler { return graphql.Null }

// UnmarshalUpload takes the file that the multipart transport put in its place.
func UnmarshalUpload(v any) (*File, error) {
	f, ok := v.(*File)
	if !ok {
		return nil, core.Invalid("", "bad_value")
	}
	return f, nil
}

// MarshalRole writes a role, null where it is not for the reader's eyes.
func MarshalRole(r core.Role) graphql.Marshaler {
	if r == "" {
		return graphql.Null
	}
	return graphql.MarshalString(string(r))
}

// UnmarshalRole reads a role.
func UnmarshalRole(v any) (core.Role, error) {
	text, err := graphql.UnmarshalString(v)
	return core.Role(text), err
}
