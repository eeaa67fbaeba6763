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
	must(h.t, ws.SetReadDeadline(time.Now().Add(20*time.Second)))
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
		"anonymous":                    {``, nil, acknowledged, ""},
		"bearer":                       {`{"Authorization":"Bearer ` + token + `"}`, nil, acknowledged, id},
		"small letters":                {`{"authorization":"bearer ` + token + `"}`, nil, acknowledged, id},
		"token":                        {`{"token":"` + token + `"}`, nil, acknowledged, id},
		"header of the upgrade":        {``, []string{"Authorization", "Bearer " + token}, acknowledged, id},
		"cookie of our page":           {`{"client":"web"}`, []string{"Cookie", "karuta_session=" + token, "Origin", "http://$host"}, acknowledged, id},
		"cookie of a page let in":      {`{"client":"web"}`, []string{"Cookie", "karuta_session=" + token, "Origin", "http://localhost:3000"}, acknowledged, id},
		"cookie of another page":       {`{"client":"web"}`, []string{"Cookie", "karuta_session=" + token, "Origin", "http://evil.example"}, "close 4403: Forbidden", ""},
		"cookie without the proof":     {``, []string{"Cookie", "karuta_session=" + token, "Origin", "http://$host"}, "close 4403: Forbidden", ""},
		"token beside another cookie":  {`{"token":"` + token + `"}`, []string{"Cookie", "karuta_session=nonsense", "Origin", "http://evil.example"}, acknowledged, id},
		"forged token":                 {`{"token":"` + token + `x"}`, nil, "close 4403: Forbidden", ""},
		"malformed bearer":             {`{"Authorization":"Basic abc"}`, nil, "close 4403: Forbidden", ""},
		"a number for a token":         {`{"token":1}`, nil, "close 4403: Forbidden", ""},
		"no such key":                  {`{"token":"krt_0123"}`, nil, "close 4403: Forbidden", ""},
		"a key in a cookie":            {`{"client":"web"}`, []string{"Cookie", "karuta_session=krt_0123", "Origin", "http://$host"}, "close 4403: Forbidden", ""},
		"malformed header of upgrade":  {``, []string{"Authorization", "Basic abc"}, "close 4403: Forbidden", ""},
		"other things that are unread": {`{"headers":{"a":1}}`, nil, acknowledged, ""},
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
