package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/internal/core"
)

// dryRunHeader asks, with the value 1 or true, what an operation would cost, as the
// extension dryRun does. It is then counted and measured, and nothing runs. A value
// that is neither yes nor no is refused: whoever sends one expects that nothing runs.
const dryRunHeader = "X-Karuta-Dry-Run"

// graphql answers GraphQL over HTTP.
func (s *server) graphql(w http.ResponseWriter, r *http.Request) {
	form, ok := negotiate(r)
	switch {
	case form == typeEvents:
		s.events(w, r)
		return
	case !ok:
		writeRefusal(w, r, typeJSON, refuse(http.StatusNotAcceptable, "", "accept"))
		return
	}
	held := s.hold(r)
	defer held.Leave()
	req, err := s.decode(w, r, held)
	if err != nil {
		refused, _ := errors.AsType[*refusal](err)
		writeRefusal(w, r, form, refused)
		return
	}
	req.inParts = takesParts(r)
	asked := *req // as the client named its document
	a := s.engine.do(r.Context(), req)
	if a.needsStream() && takesEvents(r) {
		s.tell(w, r, &asked, nil)
		return
	}
	a.write(w, r, form)
}

// needsStream is the reason why a subscription has no answer of its own.
const needsStream = "needs_stream"

func (a *answer) needsStream() bool {
	return len(a.errors) == 1 && problemOf(a.errors[0]).Reason == needsStream
}

// heed takes what the headers say of the request.
func (req *request) heed(h http.Header) error {
	req.client = clientOf(h)
	if said := h.Get(dryRunHeader); said != "" {
		dry, err := strconv.ParseBool(said)
		if err != nil {
			return refuse(http.StatusBadRequest, dryRunHeader, "bad_value")
		}
		req.dryRun = req.dryRun || dry
	}
	return nil
}

// write sends the answer. Its HTTP status tells of a request that could not be
// executed only in the form that is made for it, and of what HTTP itself forbids.
func (a *answer) write(w http.ResponseWriter, r *http.Request, form string) {
	if a.more != nil {
		a.stream(w, r)
		return
	}
	status := http.StatusOK
	if a.data == nil && (form == typeResponse || a.status == http.StatusMethodNotAllowed || a.status == http.StatusTooManyRequests) {
		status = a.status
	}
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", "POST")
	}
	writeBody(w, r, form, status, a)
}

// mayPack tells that the length of the answer, packed, gives nothing away: it
// reads only, so it holds no token and no key, and no error repeats what was asked.
func (a *answer) mayPack() bool { return a.read && len(a.errors) == 0 }

func writeRefusal(w http.ResponseWriter, r *http.Request, form string, refused *refusal) {
	a := &answer{errors: gqlerror.List{{
		Message:    core.Sentence(core.ActorFrom(r.Context()).Locale, refused.err),
		Extensions: extensions(r.Context(), refused.err),
	}}}
	writeBody(w, r, form, refused.err.HTTPStatus(), a)
}

func writeBody(w http.ResponseWriter, r *http.Request, form string, status int, a *answer) {
	w.Header().Set("Content-Type", form+"; charset=utf-8")
	for _, e := range a.errors {
		setRetryAfter(w, e.Extensions)
	}
	a.cacheStatus(w.Header())
	text := a.encode(r.Context())
	if a.mayPack() {
		text = pack(w.Header(), r, text)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(text))) // or it would end with the request, where that still comes
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may be gone
}

// encode puts the parts of an answer together; the data is encoded already.
func (a *answer) encode(ctx context.Context) []byte {
	var body bytes.Buffer
	body.Grow(len(a.data) + 128)
	body.WriteByte('{')
	if len(a.errors) > 0 {
		body.WriteString(`"errors":`)
		body.Write(encodeErrors(a.errors))
		body.WriteByte(',')
	}
	if a.data != nil {
		body.WriteString(`"data":`)
		body.Write(a.data)
		body.WriteByte(',')
	}
	body.WriteString(`"extensions":{"requestId":"`)
	body.WriteString(core.ActorFrom(ctx).RequestID) // letters and digits, see telemetry
	body.WriteByte('"')
	if a.bill != nil {
		body.WriteString(`,"cost":`)
		body.WriteString(a.bill.text())
	}
	body.WriteString(`}}`)
	return body.Bytes()
}

func encodeErrors(list gqlerror.List) []byte {
	problems, err := json.Marshal(list)
	if err != nil {
		panic(err) // details are plain values
	}
	return problems
}

// writeProblem answers outside of GraphQL: the error alone, with its status.
func writeProblem(w http.ResponseWriter, r *http.Request, problem *core.Error) {
	shown := extensions(r.Context(), problem)
	shown["message"] = core.Sentence(core.ActorFrom(r.Context()).Locale, problem)
	whole := map[string]any{"error": shown}
	if problem.Code == core.CodeRateLimit { // operations runbook §6.2
		whole = map[string]any{"error": shown["error"], "message": shown["message"], "retry_after": shown["retry_after"]}
	}
	body, err := json.Marshal(whole)
	if err != nil {
		panic(err) // details are plain values
	}
	w.Header().Set("Content-Type", typeJSON+"; charset=utf-8")
	setRetryAfter(w, shown)
	if problem.HTTPStatus() == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(problem.HTTPStatus())
	_, _ = w.Write(body)
}

// setRetryAfter says in the header, too, after how many seconds to try again.
func setRetryAfter(w http.ResponseWriter, extensions map[string]any) {
	if seconds, told := extensions["retryAfter"].(int); told {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
}
