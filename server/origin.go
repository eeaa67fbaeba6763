package server

import (
	"net/http"
	"slices"
	"strings"
)

// ownOrigin tells whether the request may come from a page that may act for
// its reader: one of ours or of the configured origins. Requests that are not
// sent by pages carry no Origin.
func (s *server) ownOrigin(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return r.Header.Get("Sec-Fetch-Site") != "cross-site"
	}
	if s.origins[origin] {
		return true
	}
	return origin == "https://"+r.Host || origin == "http://"+r.Host && r.TLS == nil
}

// preflightHeaders are headers that a page sends to another site only after the
// site has allowed it. Apollo's clients have the second or the third, others the fourth.
var preflightHeaders = []string{clientHeader, "Apollo-Require-Preflight", "X-Apollo-Operation-Name", "GraphQL-Require-Preflight", "Authorization"}

// allowedHeaders are those that pages of the configured origins may send.
var allowedHeaders = strings.Join(append(preflightHeaders, "Content-Type", "Last-Event-ID", dryRunHeader, "X-Request-Id", "Traceparent",
	"Apollographql-Client-Name", "Apollographql-Client-Version", "X-Client-Name"), ", ")

// preflighted tells whether no page of another site could have sent the request
// without asking first: it carries a header that only a preflight allows, or a
// token that a browser does not add by itself.
func preflighted(r *http.Request) bool {
	return slices.ContainsFunc(preflightHeaders, func(name string) bool { return r.Header.Get(name) != "" })
}

// ownEventSource tells whether a browser's EventSource asks, from a page of ours or of
// the configured origins. It can send no header of its own, but the browser says of
// itself which page it is; a request that says nothing is none.
func ownEventSource(r *http.Request, origins map[string]bool) bool {
	return r.Method == http.MethodGet && r.Header.Get("Accept") == typeEvents &&
		(r.Header.Get("Sec-Fetch-Site") == "same-origin" || origins[r.Header.Get("Origin")])
}

// crossOrigin answers the preflights of the configured origins' pages, and lets
// them read the answers.
func (s *server) crossOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); s.origins[origin] {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set("Access-Control-Expose-Headers", "X-Request-Id, X-Revision, Retry-After")
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", "GET, POST")
				h.Set("Access-Control-Allow-Headers", allowedHeaders)
				h.Set("Access-Control-Max-Age", "600")
			}
		}
		if r.Method == http.MethodOptions {
			h.Set("Allow", "GET, POST, OPTIONS")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
