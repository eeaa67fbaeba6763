package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/server/socket"
)

// talk opens a socket of the house; headers are name, value pairs.
func (h *house) talk(headers ...string) *talk {
	h.t.Helper()
	web := httptest.NewServer(h.handler)
	h.t.Cleanup(web.Close)
	dialer := websocket.Dialer{Subprotocols: []string{socket.Protocol}}
	head := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		head.Set(headers[i], strings.ReplaceAll(headers[i+1], "$host", strings.TrimPrefix(web.URL, "http://")))
	}
	ws, _, err := dialer.Dial("ws"+strings.TrimPrefix(web.URL, "http")+"/graphql/ws", head)
	must(h.t, err)
	h.t.Cleanup(func() { _ = ws.Close() })
	must(h.t, ws.SetReadDeadline(time.Now().Add(2*time.Minute)))
	return &talk{t: h.t, ws: ws}
}

// talk is a client's end of a socket.
type talk struct {
	t  testing.TB
	ws *websocket.Conn
}

func (k *talk) say(text string) {
	k.t.Helper()
	must(k.t, k.ws.WriteMessage(websocket.TextMessage, []byte(text)))
}

// hear is the next message, or the code and the reason of the end.
func (k *talk) hear() string {
	k.t.Helper()
	_, text, err := k.ws.ReadMessage()
	if err != nil {
		return strings.TrimPrefix(err.Error(), "websocket: ")
	}
	return string(text)
}

const acknowledged = `{"type":"connection_ack"}`

// Every form of signing in, and what is refused.
func TestASocketSignsIn(t *testing.T) {
	h := newHouse(t)
	id, token := h.user(core.RoleUser)
	for name, c := range map[string]struct {
		payload string
		headers []string
		want    string // the first answer
		me      string // whose id a query then tells, "" for nobody
	}{
		"anonymous":                              {``, nil, acknowledged, ""},
		"bearer":                                 {`{"Authorization":"Bearer ` + token + `"}`, nil, acknowledged, id},
		"small letters":                          {`{"authorization":"bearer ` + token + `"}`, nil, acknowledged, id},
		"token":                                  {`{"token":"` + token + `"}`, nil, acknowledged, id},
		"header of the upgrade":                  {``, []string{"Authorization", "Bearer " + token}, acknowledged, id},
		"cookie of our page":                     {`{"client":"web"}`, []string{"Cookie", "karuta_session=" + token, "Origin", "http://$host"}, acknowledged, id},
		"cookie of a page let in":                {`{"client":"web"}`, []string{"Cookie", "karuta_session=" + token, "Origin", "http://localhost:3000"}, acknowledged, id},
		"cookie of another page":                 {`{"client":"web"}`, []string{"Cookie", "karuta_session=" + token, "Origin", "http://evil.example"}, "close 4403: Forbidden", ""},
		"cookie of our host, by what is no page": {`{"client":"web"}`, []string{"Cookie", "karuta_session=" + token, "Origin", "ftp://$host"}, "close 4403: Forbidden", ""},
		"cookie without the proof":               {``, []string{"Cookie", "karuta_session=" + token, "Origin", "http://$host"}, "close 4403: Forbidden", ""},
		"token beside another cookie":            {`{"token":"` + token + `"}`, []string{"Cookie", "karuta_session=nonsense", "Origin", "http://evil.example"}, acknowledged, id},
		"forged token":                           {`{"token":"` + token + `x"}`, nil, "close 4403: Forbidden", ""},
		"malformed bearer":                       {`{"Authorization":"Basic abc"}`, nil, "close 4403: Forbidden", ""},
		"a number for a token":                   {`{"token":1}`, nil, "close 4403: Forbidden", ""},
		"no such key":                            {`{"token":"krt_0123"}`, nil, "close 4403: Forbidden", ""},
		"a key in a cookie":                      {`{"client":"web"}`, []string{"Cookie", "karuta_session=krt_0123", "Origin", "http://$host"}, "close 4403: Forbidden", ""},
		"malformed header of upgrade":            {``, []string{"Authorization", "Basic abc"}, "close 4403: Forbidden", ""},
		"other things that are unread":           {`{"headers":{"a":1}}`, nil, acknowledged, ""},
	} {
		k := h.talk(c.headers...)
		if c.payload == "" {
			k.say(`{"type":"connection_init"}`)
		} else {
			k.say(`{"type":"connection_init","payload":` + c.payload + `}`)
		}
		if got := k.hear(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
			continue
		}
		if c.want != acknowledged {
			continue
		}
		k.say(`{"id":"1","type":"subscribe","payload":{"query":"{ me { id } }"}}`)
		if got := k.hear(); c.me != "" && !strings.Contains(got, c.me) || c.me == "" && !strings.Contains(got, "UNAUTHORIZED") {
			t.Errorf("%s: me is %s", name, got)
		}
	}
}

// signedInTo is a socket of whoever holds the token.
func (h *house) signedInTo(token string) *talk {
	h.t.Helper()
	k := h.talk()
	k.say(`{"type":"connection_init","payload":{"token":"` + token + `"}}`)
	if got := k.hear(); got != acknowledged {
		h.t.Fatal(got)
	}
	return k
}

// An operation over a socket goes the way of all requests: parsed, checked,
// measured, with an id of its own.
func TestAnOperationOverASocket(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	_, admin := h.user(core.RoleAdmin)
	for name, c := range map[string]struct {
		token, payload string
		want           []string // parts of each message
	}{
		"query":              {token, `{"query":"{ me { role } }"}`, []string{`"next","payload":{"data":{"me":{"role":"USER"}},"extensions":{"requestId":"`, `"complete"`}},
		"variables":          {token, `{"query":"query($id: ID!) { dashboard(id: $id) { id } }","variables":{"id":"dash_x"}}`, []string{`"code":"VALIDATION_ERROR"`, `"complete"`}},
		"mutation":           {token, `{"query":"mutation { createDashboard(input: {name: \"売上\"}) { dashboard { name } } }"}`, []string{`"name":"売上"`, `"complete"`}},
		"not valid":          {token, `{"query":"{ unknown }"}`, []string{`"error","payload":[{"message":"Cannot query field`}},
		"a bad variable":     {token, `{"query":"query($id: ID!) { dashboard(id: $id) { id } }"}`, []string{`"error","payload":[{"message":`}},
		"too dear":           {token, `{"query":"{ dashboards(first: 100) { nodes { cards { result { __typename } } } } }"}`, []string{`QUERY_COST`}},
		"introspection":      {admin, `{"query":"{ __typename }"}`, []string{`"__typename":"Query"`, `"complete"`}},
		"no operation":       {token, `{"query":"query A { __typename }","operationName":"B"}`, []string{`"error","payload":[{"message":`}},
		"syntax":             {token, `{"query":"{ me"}`, []string{`close 4500: Expected Name, found <EOF>`}},
		"nothing":            {token, `{"query":" "}`, []string{`close 4500: The document is empty`}},
		"a field for admins": {token, `{"query":"{ auditLogs(first: 1) { nodes { id } } }"}`, []string{`"code":"FORBIDDEN"`, `"complete"`}},
	} {
		k := h.signedInTo(c.token)
		k.say(`{"id":"1","type":"subscribe","payload":` + c.payload + `}`)
		for _, want := range c.want {
			if got := k.hear(); !strings.Contains(got, want) {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	}
}

// A session that has been ended runs nothing more, and its socket is told to sign
// in again, as soon as it asks for something.
func TestARevokedSessionEndsItsSocket(t *testing.T) {
	h := newHouse(t)
	_, token := h.user(core.RoleUser)
	k, other := h.signedInTo(token), h.talk()
	h.ask(token, `mutation { logout { loggedOut } }`, nil)
	k.say(`{"id":"1","type":"subscribe","payload":{"query":"{ me { id } }"}}`)
	if got := k.hear(); !strings.Contains(got, `"error","payload":`) || !strings.Contains(got, "INVALID_TOKEN") {
		t.Errorf("got %s", got)
	}
	if got := k.hear(); got != "close 4403: session_revoked" {
		t.Errorf("got %s", got)
	}
	other.say(`{"type":"connection_init"}`)
	if got := other.hear(); got != acknowledged {
		t.Errorf("another socket: %s", got)
	}
}

// What a request may not do over HTTP it may not do over a socket, and the other
// way round: nothing but the transport differs.
func TestASocketIsNoWayAround(t *testing.T) {
	h := newHouse(t)
	web := httptest.NewServer(h.handler)
	defer web.Close()
	for name, c := range map[string]struct {
		method string
		header []string
		status int
	}{
		"no upgrade":  {"GET", nil, http.StatusBadRequest},
		"POST":        {"POST", []string{"Connection", "Upgrade", "Upgrade", "websocket"}, http.StatusMethodNotAllowed},
		"bad version": {"GET", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "8"}, http.StatusBadRequest},
	} {
		r, err := http.NewRequest(c.method, web.URL+"/graphql/ws", nil)
		must(t, err)
		answer, err := http.DefaultClient.Do(with(r, c.header...))
		must(t, err)
		_ = answer.Body.Close()
		if answer.StatusCode != c.status || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %d %s", name, answer.StatusCode, answer.Header.Get("Content-Type"))
		}
	}
}
