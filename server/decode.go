package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/operation"
	"github.com/karuta-bi/karuta/server/door"
)

// maxBody is how long a request may be, files apart: longer than any text that
// an argument takes, so that a text that is too long is named.
const maxBody = 4 << 20

// The bytes of requests that one client, and all together, may have in memory.
const (
	roomOfClient = 8 * maxBody
	roomOfAll    = 4 * roomOfClient
)

// request is what a client asks.
type request struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
	Extensions    map[string]any `json:"extensions"`
	DocumentID    string         `json:"documentId"`

	hash       string                // SHA-256 of the document in hex, "" where the client does not name it
	sum        string                // the same wherever it is known
	registered *operation.Registered // nil where it names none
	client     operation.Client
	ours       bool   // a fixed document of ours
	readOnly   bool   // came by GET
	dryRun     bool   // is measured, not executed
	upload     bool   // brings a file
	inParts    bool   // the client takes what is deferred after the rest
	stream     bool   // results may come one after another
	end        func() // ends what a subscription is told by, where its sign-in has ended
	after      int64  // the last event that the client knows of a subscription, 0 for none
}

// refusal is a request that is not even GraphQL; it is answered with its own status.
type refusal struct{ err *core.Error }

func (r *refusal) Error() string { return r.err.Error() }

func refuse(status int, field, reason string) *refusal {
	return &refusal{&core.Error{Code: core.CodeValidation, Status: status, Field: field, Reason: reason}}
}

// decode reads the request, with what the headers say of it, into the room that it
// holds. The body of an upload is left where its file begins.
func (s *server) decode(w http.ResponseWriter, r *http.Request, held *door.Held) (*request, error) {
	req, err := s.read(w, r, held)
	if err != nil {
		return nil, err
	}
	return req, req.heed(r.Header)
}

func (s *server) read(w http.ResponseWriter, r *http.Request, held *door.Held) (*request, error) {
	switch r.Method {
	case http.MethodGet:
		return decodeQuery(r, preflighted(r) || ownEventSource(r, s.origins))
	case http.MethodPost:
	default:
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		return nil, refuse(http.StatusMethodNotAllowed, "", "method")
	}
	if !unpacked(r.Header.Get("Content-Encoding")) {
		w.Header().Set("Accept-Encoding", "identity") // RFC 9110 §12.5.3
		return nil, refuse(http.StatusUnsupportedMediaType, "", "packed")
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	switch {
	case err != nil || charset != "" && charset != "utf-8":
	case kind == typeJSON:
		if r.ContentLength > maxBody { // before anybody sends it
			return nil, refuse(http.StatusRequestEntityTooLarge, "", "request_too_large")
		}
		return decodeJSON(held.Reader(http.MaxBytesReader(w, r.Body, maxBody)))
	case kind == "multipart/form-data":
		r.Body = http.MaxBytesReader(w, r.Body, maxBody+s.MaxUpload+1)
		allow(w, uploadTimeout+slack)
		return decodeMultipart(r, params["boundary"], held)
	}
	w.Header().Set("Accept", typeJSON+", multipart/form-data") // RFC 9110 §12.5.1
	return nil, refuse(http.StatusUnsupportedMediaType, "", "content_type")
}

// unpacked tells that a body is not packed: a packed one could be a thousand times
// as long as what is counted.
func unpacked(encoding string) bool { return encoding == "" || strings.EqualFold(encoding, "identity") }

func decodeJSON(body io.Reader) (*request, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, bodyProblem(err)
	}
	req := &request{}
	if err := unmarshal(text, req); err != nil {
		return nil, err
	}
	return req, req.check()
}

func bodyProblem(err error) error {
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return refuse(http.StatusRequestEntityTooLarge, "", "request_too_large")
	}
	if errors.Is(err, door.ErrFull) {
		return &refusal{&core.Error{Code: core.CodeRateLimit, Details: map[string]any{"retryAfter": 10}}}
	}
	return refuse(http.StatusBadRequest, "", "unreadable")
}

// hold is the room for a request of whoever asks.
func (s *server) hold(r *http.Request) *door.Held {
	return s.room.Hold(core.ClientOf(core.ActorFrom(r.Context()).IP))
}

// unmarshal reads one JSON object whole and nothing else. The error names the
// member that is wrong and repeats nothing of the text.
func unmarshal(text []byte, into any) error {
	if trimmed := bytes.TrimLeft(text, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		return refuse(http.StatusBadRequest, "", "batch")
	} else if len(trimmed) == 0 || trimmed[0] != '{' || !utf8.Valid(text) {
		return refuse(http.StatusBadRequest, "", "not_json")
	}
	if core.TooManyJSONValues(text) {
		return refuse(http.StatusRequestEntityTooLarge, "", "request_too_large")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err := d.Decode(into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return refuse(http.StatusBadRequest, wrong.Field, "bad_value")
	}
	if err != nil || d.Decode(&struct{}{}) != io.EOF {
		return refuse(http.StatusBadRequest, "", "not_json")
	}
	return once(text)
}

// once refuses an object that has a member twice, in whatever letters: of two
// readers one takes the first and the other the last.
func once(object []byte) error {
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // the brace
	seen := make(map[string]bool, 4)
	for d.More() {
		member, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return refuse(http.StatusBadRequest, "", "not_json")
		}
		name := strings.ToLower(member.(string))
		if seen[name] {
			return refuse(http.StatusBadRequest, members[name], "bad_value")
		}
		seen[name] = true
	}
	return nil
}

// members are the members of a request that an error may name, by their small letters.
var members = map[string]string{
	"query": "query", "operationname": "operationName", "variables": "variables", "extensions": "extensions", "documentid": "documentId",
}

// check wants a document, its hash or the id of a registered one, and what
// comes together to fit each other.
func (req *request) check() (err error) {
	if req.hash, err = hashOf(req.Extensions); err != nil {
		return err
	}
	if said := req.Extensions["dryRun"]; said != nil {
		dry, plain := said.(bool)
		if !plain {
			return refuse(http.StatusBadRequest, "extensions.dryRun", "bad_value")
		}
		req.dryRun = dry
	}
	switch {
	case req.DocumentID != "" && (req.Query != "" || req.hash != ""):
		return refuse(http.StatusBadRequest, "documentId", "one_document")
	case req.Query == "" && req.hash == "" && req.DocumentID == "":
		return refuse(http.StatusBadRequest, "query", "required")
	case req.Query != "" && req.hash != "" && req.hash != core.Hash(req.Query):
		return refuse(http.StatusBadRequest, hashField, "hash_differs")
	}
	return nil
}

func decodeQuery(r *http.Request, sure bool) (*request, error) {
	if !sure {
		return nil, &refusal{core.Forbidden("preflight")}
	}
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "", "unreadable")
	}
	for _, name := range members {
		if values := params[name]; len(values) > 1 || len(values) == 1 && !utf8.ValidString(values[0]) {
			return nil, refuse(http.StatusBadRequest, name, "bad_value")
		}
	}
	req := &request{Query: params.Get("query"), OperationName: params.Get("operationName"), DocumentID: params.Get("documentId"), readOnly: true}
	for name, into := range map[string]*map[string]any{"variables": &req.Variables, "extensions": &req.Extensions} {
		if text := params.Get(name); text != "" && text != "null" {
			if err := unmarshal([]byte(text), into); err != nil {
				return nil, refuse(http.StatusBadRequest, name, "bad_value")
			}
		}
	}
	return req, req.check()
}
