package socket

import (
	"bytes"
	"encoding/json"

	"github.com/karuta-bi/karuta/internal/core"
)

// The types of messages.
const (
	typeInit      = "connection_init"
	typeAck       = "connection_ack"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeNext      = "next"
	typeError     = "error"
	typeComplete  = "complete"
)

// maxID is how long the id of an operation may be, in bytes; clients use UUIDs.
const maxID = 256

// message is what a client sent.
type message struct {
	kind    string
	id      string
	payload json.RawMessage // an object (a list in "error"); nil where there is none
	request Request
}

// parse reads a message; ok is false where it is not one of the protocol. Names
// of members count exactly as they are written.
func parse(text []byte) (m message, ok bool) {
	var parts map[string]json.RawMessage
	if core.TooManyJSONValues(text) || json.Unmarshal(text, &parts) != nil || !str(parts["type"], &m.kind) {
		return m, false
	}
	if payload := parts["payload"]; !null(payload) {
		m.payload = payload
	}
	switch m.kind {
	case typeInit, typeAck, typePing, typePong:
		return m, m.payload == nil || object(m.payload)
	case typeSubscribe:
		return m, m.hasID(parts) && object(m.payload) && m.readRequest()
	case typeNext:
		return m, m.hasID(parts) && object(m.payload)
	case typeError:
		return m, m.hasID(parts) && errorList(m.payload)
	case typeComplete:
		return m, m.hasID(parts)
	}
	return m, false
}

func (m *message) hasID(parts map[string]json.RawMessage) bool {
	return str(parts["id"], &m.id) && m.id != "" && len(m.id) <= maxID
}

// readRequest reads an operation. Its text may be missing only where the id or the
// hash of a document stands for it.
func (m *message) readRequest() bool {
	var parts map[string]json.RawMessage
	if json.Unmarshal(m.payload, &parts) != nil {
		return false
	}
	r := &m.request
	return optional(parts["documentId"], &r.DocumentID) &&
		optional(parts["operationName"], &r.OperationName) &&
		members(parts["variables"], &r.Variables) &&
		members(parts["extensions"], &r.Extensions) &&
		(str(parts["query"], &r.Query) || null(parts["query"]) && (r.DocumentID != "" || r.Extensions["persistedQuery"] != nil))
}

func null(value json.RawMessage) bool { return len(value) == 0 || value[0] == 'n' }

func object(value json.RawMessage) bool { return len(value) > 0 && value[0] == '{' }

// str reads a value that must be a string.
func str(value json.RawMessage, into *string) bool {
	return len(value) > 0 && value[0] == '"' && json.Unmarshal(value, into) == nil
}

// optional reads a string that may be null or missing.
func optional(value json.RawMessage, into *string) bool {
	return null(value) || str(value, into)
}

// members reads an object that may be null or missing. Numbers stay as they are
// written.
func members(value json.RawMessage, into *map[string]any) bool {
	if null(value) {
		return true
	}
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	return object(value) && d.Decode(into) == nil
}

// errorList tells whether the value is a list of GraphQL errors.
func errorList(value json.RawMessage) bool {
	var list []map[string]json.RawMessage
	if len(value) == 0 || json.Unmarshal(value, &list) != nil || len(list) == 0 {
		return false
	}
	for _, problem := range list {
		if _, told := problem["message"]; !told {
			return false
		}
	}
	return true
}
