package core

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Bounds of what people write for a run, in bytes.
const (
	MaxCode   = 200_000
	MaxParams = 64 << 10
)

// CheckCode wants some code, of at most [MaxCode] bytes.
func CheckCode(field, code string) error {
	if strings.TrimSpace(code) == "" {
		return Invalid(field, "required")
	}
	if len(code) > MaxCode {
		return Invalid(field, "too_large", "max", MaxCode)
	}
	return CheckText(field, code, MaxCode)
}

// CheckParams wants a JSON object of at most [MaxParams] bytes and gives it
// without spaces; {} is "".
func CheckParams(field, params string) (string, error) {
	if strings.TrimSpace(params) == "" {
		return "", nil
	}
	if len(params) > MaxParams {
		return "", Invalid(field, "too_large", "max", MaxParams)
	}
	var object map[string]json.RawMessage
	var compact bytes.Buffer
	if err := json.Unmarshal([]byte(params), &object); err != nil || object == nil {
		return "", Invalid(field, "bad_value")
	}
	if err := json.Compact(&compact, []byte(params)); err != nil {
		return "", Invalid(field, "bad_value")
	}
	if len(object) == 0 {
		return "", nil
	}
	return compact.String(), nil
}
