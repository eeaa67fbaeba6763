package remote

import (
	"encoding/json"
	"errors"

	"github.com/karuta-bi/karuta/internal/core"
)

// Problem is what a server has against an operation, in its words. It unwraps to a
// *core.Error with the code alone.
type Problem struct {
	Code    core.Code
	Message string
	Field   string
	Details map[string]any // what else came with it
}

// Error is the server's sentence.
func (p *Problem) Error() string { return p.Message }

// Unwrap gives the code.
func (p *Problem) Unwrap() error { return &core.Error{Code: p.Code, Field: p.Field} }

// UnmarshalJSON reads an entry of "errors".
func (p *Problem) UnmarshalJSON(text []byte) error {
	var entry struct {
		Message    string
		Extensions map[string]any
	}
	if err := json.Unmarshal(text, &entry); err != nil {
		return err
	}
	p.Message, p.Details = entry.Message, entry.Extensions
	code, _ := entry.Extensions["code"].(string)
	p.Code = core.Code(code)
	p.Field, _ = entry.Extensions["field"].(string)
	return nil
}

// problemOf reads the answer to a request that was refused before anything ran, nil
// where it is none of Karuta's.
func problemOf(text []byte) *Problem {
	var whole struct {
		Errors []*Problem
		Error  json.RawMessage
		Text   string `json:"message"`
	}
	if json.Unmarshal(text, &whole) != nil {
		return nil
	}
	if len(whole.Errors) > 0 {
		return whole.Errors[0]
	}
	var told struct {
		Code           core.Code
		Message, Field string
	}
	if json.Unmarshal(whole.Error, &told) == nil && told.Message != "" {
		return &Problem{Code: told.Code, Message: told.Message, Field: told.Field}
	}
	if whole.Text != "" {
		return &Problem{Code: core.CodeRateLimit, Message: whole.Text}
	}
	return nil
}

// Why following ended although what was followed goes on.
var (
	// ErrLost tells that no connection could be made for [GiveUp].
	ErrLost = errors.New("the server could not be reached any more")

	errExpired = &Problem{Code: core.CodeTokenExpired, Message: "the sign-in has run out: sign in again and give the new token"}
	errRevoked = &Problem{Code: core.CodeInvalidToken, Message: "the session or the key was ended: sign in again and give the new token"}
	errRefused = &Problem{Code: core.CodeInvalidToken, Message: "the server does not let this token in: it is wrong, has run out, or was ended"}
)
