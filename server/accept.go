package server

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// The two forms of an answer (GraphQL over HTTP §4). In the first the HTTP
// status tells whether the request could be executed; in the second every well
// formed request is answered with 200, for clients that know GraphQL only.
const (
	typeResponse = "application/graphql-response+json"
	typeJSON     = "application/json"
)

// typeEvents is the form in which results come one after another, as long as there
// are any (Server-Sent Events, as the protocol graphql-sse uses them).
const typeEvents = "text/event-stream"

// negotiate picks the form of the answer that the client likes best; ok is
// false where it takes none. Without an Accept header, and where the client
// takes anything, it is plain JSON.
func negotiate(r *http.Request) (form string, ok bool) {
	header := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(header) == "" {
		return typeJSON, true
	}
	best, named := 0.0, false
	for _, offered := range [...]string{typeResponse, typeJSON, typeEvents} {
		if q, exact := quality(header, offered); q > best || q == best && q > 0 && exact && !named {
			best, form, named = q, offered, exact
		}
	}
	return form, best > 0
}

// takesEvents tells that the client reads results one after another, if it must.
func takesEvents(r *http.Request) bool {
	q, exact := quality(strings.Join(r.Header.Values("Accept"), ","), typeEvents)
	return exact && q > 0
}

// takesParts tells that the client reads an answer in parts, in the form of
// August 2022, which Apollo's clients and gqlgen know.
func takesParts(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err == nil && kind == "multipart/mixed" && weight(part) > 0 {
			version, told := params["deferspec"]
			return told && version == partsVersion || len(params) == 0
		}
	}
	return false
}

// quality is the weight that an Accept header gives to a media type (RFC 9110
// §12.5.1): the most specific range that matches counts. A wildcard stands for
// plain JSON alone.
func quality(header, offered string) (q float64, exact bool) {
	wildcard := -1.0
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		switch name = strings.ToLower(strings.TrimSpace(name)); {
		case name == offered:
			return weight(params), true
		case (name == "*/*" || name == "application/*") && offered == typeJSON:
			wildcard = max(wildcard, weight(params))
		}
	}
	return max(wildcard, 0), false
}

func weight(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			if err != nil || q < 0 || q > 1 {
				return 0
			}
			return q
		}
	}
	return 1
}
