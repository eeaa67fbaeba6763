package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// transports are the ways on which a request can come, as whoever has the
// Authorization header: each takes the request as JSON and gives its answer.
func (h *house) transports(authorization string) map[string]func(body string) *answered {
	headers := []string{"Accept-Language", "en", "X-Karuta-Client", "curl"}
	if authorization != "" {
		headers = append(headers, "Authorization", authorization)
	}
	headers = slices.Clip(headers)
	events := append(headers, "Accept", "text/event-stream")
	var k *talk
	said := 0
	return map[string]func(string) *answered{
		"POST":       func(body string) *answered { return h.send(post(body, headers...)) },
		"GET":        func(body string) *answered { return h.send(with(h.byGet(body), headers...)) },
		"SSE":        func(body string) *answered { return h.told(h.raw(post(body, events...))) },
		"SSE by GET": func(body string) *answered { return h.told(h.raw(with(h.byGet(body), events...))) },
		"multipart": func(body string) *answered {
			parts, kind := form(h.t, "operations", body, "map", "{}")
			return h.send(with(httptest.NewRequest("POST", "/graphql", parts), append(headers, "Content-Type", kind)...))
		},
		"socket": func(body string) *answered {
			if k == nil {
				k = h.talk(headers...)
				k.say(`{"type":"connection_init"}`)
				if got := k.hear(); got != acknowledged {
					h.t.Fatal(got)
				}
			}
			said++
			return k.answers(strconv.Itoa(said), body)
		},
	}
}

// byGet is the request in the query of a URL.
func (h *house) byGet(body string) *http.Request {
	h.t.Helper()
	var parts map[string]json.RawMessage
	must(h.t, json.Unmarshal([]byte(body), &parts))
	params := url.Values{}
	for name, value := range parts {
		text := string(value)
		_ = json.Unmarshal(value, &text) // objects stay as they are written
		params.Set(name, text)
	}
	return httptest.NewRequest("GET", "/graphql?"+params.Encode(), nil)
}

// told is the result that a stream of events tells first.
func (h *house) told(a *answered) *answered {
	h.t.Helper()
	_, text, _ := strings.Cut(a.text, "event: next\n")
	_, text, _ = strings.Cut(text, "data: ")
	a.text, _, _ = strings.Cut(text, "\n")
	must(h.t, json.Unmarshal([]byte(a.text), a))
	return a
}

// answers is the result of a query over a socket.
func (k *talk) answers(id, body string) *answered {
	k.t.Helper()
	k.say(`{"id":"` + id + `","type":"subscribe","payload":` + body + `}`)
	m := k.told()
	a := &answered{text: string(m.Payload)}
	if m.Type == "error" {
		must(k.t, json.Unmarshal(m.Payload, &a.Errors))
		return a
	}
	must(k.t, json.Unmarshal(m.Payload, a))
	if end := k.told(); end.ID != id || end.Type != "complete" {
		k.t.Fatalf("%+v", end)
	}
	return a
}
