package socket_test

import (
	"encoding/json"
	"strings"
	"time"
)

// rule is one rule of the protocol: what a client does. The reference server
// tells what is to be heard, unless there is a reason for ours.
type rule struct {
	name  string
	shake func(*handshake)
	steps []step
	quiet time.Duration // after which nothing more is expected
	ours  []string      // what we answer where we differ
	why   string
}

const hello = `{"type":"connection_init"}`

// in is the steps after a connection was acknowledged.
func in(steps ...step) []step { return append([]step{text(hello), hear(1)}, steps...) }

func subscribe(id, query string) string {
	return subscribeWith(id, map[string]any{"query": query})
}

func subscribeWith(id string, payload any) string {
	m, err := json.Marshal(map[string]any{"id": id, "type": "subscribe", "payload": payload})
	if err != nil {
		panic(err)
	}
	return string(m)
}

const (
	forever = `subscription { forever }`
	three   = `subscription { count(to: 3) }`
	invalid = "close 4400 Invalid message received"
	opened  = "101 graphql-transport-ws"
	ack     = `{"type":"connection_ack"}`
)

type payload = map[string]any

var rules = []rule{
	// The handshake.
	{name: "subprotocol", steps: []step{text(hello)}},
	{name: "no subprotocol", shake: func(h *handshake) { h.protocol = "" }},
	{name: "another subprotocol", shake: func(h *handshake) { h.protocol = "graphql-ws" }},
	{name: "the second of two subprotocols", shake: func(h *handshake) { h.protocol = "graphql-ws, graphql-transport-ws" }, steps: []step{text(hello)}},
	{name: "subprotocols on two lines", shake: func(h *handshake) { h.protocol = "graphql-ws\r\nSec-WebSocket-Protocol: graphql-transport-ws" }, steps: []step{text(hello)}},
	{name: "subprotocol in capitals", shake: func(h *handshake) { h.protocol = "GRAPHQL-TRANSPORT-WS" }},
	{name: "no upgrade", shake: func(h *handshake) { h.upgrade = "" },
		ours: []string{"400"}, why: "the reference is a server of nothing else and says 426 to everything"},
	{name: "another upgrade", shake: func(h *handshake) { h.upgrade = "h2c" }},
	{name: "POST", shake: func(h *handshake) { h.method = "POST" }},
	{name: "another version", shake: func(h *handshake) { h.version = "12" }},
	{name: "no version", shake: func(h *handshake) { h.version = "" }},
	{name: "no key", shake: func(h *handshake) { h.key = "" }},
	{name: "short key", shake: func(h *handshake) { h.key = "c2hvcnQ=" }},

	// connection_init.
	{name: "init", steps: []step{text(hello)}},
	{name: "init with payload", steps: []step{text(`{"type":"connection_init","payload":{"a":[1]}}`)}},
	{name: "init with null", steps: []step{text(`{"type":"connection_init","payload":null}`)}},
	{name: "init with a string", steps: []step{text(`{"type":"connection_init","payload":"x"}`)}},
	{name: "init with a list", steps: []step{text(`{"type":"connection_init","payload":[]}`)}},
	{name: "init with a number", steps: []step{text(`{"type":"connection_init","payload":0}`)}},
	{name: "init with false", steps: []step{text(`{"type":"connection_init","payload":false}`)}},
	{name: "init with other members", steps: []step{text(`{"type":"connection_init","id":"1","more":true}`)}},
	{name: "second init", steps: in(text(hello))},
	{name: "second init before the answer to the first", steps: []step{text(`{"type":"connection_init","payload":{"slow":true}}`, hello)}},
	{name: "refused", steps: []step{text(`{"type":"connection_init","payload":{"refuse":true}}`)}},
	{name: "no init", quiet: 4 * time.Second},
	{name: "only pings", steps: []step{text(`{"type":"ping"}`)}, quiet: 4 * time.Second},
	{name: "slow init is in time", steps: []step{text(`{"type":"connection_init","payload":{"slow":true}}`)}, quiet: 4 * time.Second},

	// Pings and pongs in every state.
	{name: "ping before init", steps: []step{text(`{"type":"ping"}`)}},
	{name: "ping while it is asked", steps: []step{text(`{"type":"connection_init","payload":{"slow":true}}`, `{"type":"ping"}`)}},
	{name: "ping", steps: in(text(`{"type":"ping"}`))},
	{name: "ping with payload", steps: in(text(`{"type":"ping","payload":{"at": 1, "deep":{"日本":[null]}}}`))},
	{name: "ping with an empty payload", steps: in(text(`{"type":"ping","payload":{}}`))},
	{name: "ping with null", steps: in(text(`{"type":"ping","payload":null}`))},
	{name: "ping with a string", steps: in(text(`{"type":"ping","payload":"x"}`))},
	{name: "ping with a list", steps: in(text(`{"type":"ping","payload":[1]}`))},
	{name: "ping during a subscription", steps: in(text(subscribe("1", forever)), hear(1), text(`{"type":"ping"}`))},
	{name: "many pings", steps: in(text(strings.Fields(strings.Repeat(`{"type":"ping"} `, 20))...))},
	{name: "pong before init", steps: []step{text(`{"type":"pong"}`, hello)}},
	{name: "pong", steps: in(text(`{"type":"pong"}`, `{"type":"ping"}`))},
	{name: "pong with payload", steps: in(text(`{"type":"pong","payload":{"a":1}}`, `{"type":"ping"}`))},
	{name: "pong with a number", steps: in(text(`{"type":"pong","payload":1}`))},

	// What is no message.
	{name: "no JSON", steps: in(text(`hello`))},
	{name: "no JSON before init", steps: []step{text(`hello`)}},
	{name: "empty", steps: in(text(``))},
	{name: "half of JSON", steps: in(text(`{"type":"ping"`))},
	{name: "two messages in one", steps: in(text(`{"type":"ping"}{"type":"ping"}`))},
	{name: "JSON with a comment", steps: in(text(`{"type":"ping"}//`))},
	{name: "spaces around", steps: in(text(" \r\n\t{ \"type\" : \"ping\" } \n"))},
	{name: "byte order mark", steps: in(text("\ufeff" + `{"type":"ping"}`))},
	{name: "list", steps: in(text(`[{"type":"ping"}]`))},
	{name: "number", steps: in(text(`1`))},
	{name: "null", steps: in(text(`null`))},
	{name: "string", steps: in(text(`"ping"`))},
	{name: "no type", steps: in(text(`{}`))},
	{name: "type is a number", steps: in(text(`{"type":1}`))},
	{name: "type is null", steps: in(text(`{"type":null}`))},
	{name: "type is empty", steps: in(text(`{"type":""}`))},
	{name: "unknown type", steps: in(text(`{"type":"start","id":"1"}`))},
	{name: "unknown type before init", steps: []step{text(`{"type":"start"}`)}},
	{name: "type in capitals", steps: in(text(`{"type":"PING"}`))},
	{name: "member in capitals", steps: in(text(`{"TYPE":"ping"}`))},
	{name: "type twice", steps: in(text(`{"type":"pong","type":"ping"}`))},
	{name: "escaped type", steps: in(text(`{"type":"\u0070ing"}`))},

	// What only servers say.
	{name: "connection_ack from a client", steps: in(text(`{"type":"connection_ack"}`))},
	{name: "connection_ack with a string", steps: in(text(`{"type":"connection_ack","payload":"x"}`))},
	{name: "next from a client", steps: in(text(`{"type":"next","id":"1","payload":{}}`))},
	{name: "next without id", steps: in(text(`{"type":"next","payload":{}}`))},
	{name: "next without payload", steps: in(text(`{"type":"next","id":"1"}`))},
	{name: "error from a client", steps: in(text(`{"type":"error","id":"1","payload":[{"message":"x"}]}`))},
	{name: "error without payload", steps: in(text(`{"type":"error","id":"1"}`))},
	{name: "error with an empty list", steps: in(text(`{"type":"error","id":"1","payload":[]}`))},
	{name: "error without message", steps: in(text(`{"type":"error","id":"1","payload":[{}]}`))},
	{name: "error with strings", steps: in(text(`{"type":"error","id":"1","payload":["x"]}`))},

	// subscribe: who may.
	{name: "subscribe before init", steps: []step{text(subscribe("1", `{ hello }`))}},
	{name: "subscribe while it is asked", steps: []step{text(`{"type":"connection_init","payload":{"slow":true}}`, subscribe("1", `{ hello }`))}},
	{name: "subscribe after a refusal", steps: []step{text(`{"type":"connection_init","payload":{"refuse":true}}`), hear(1), text(subscribe("1", `{ hello }`))}},

	// subscribe: its form.
	{name: "no id", steps: in(text(`{"type":"subscribe","payload":{"query":"{ hello }"}}`))},
	{name: "empty id", steps: in(text(`{"type":"subscribe","id":"","payload":{"query":"{ hello }"}}`))},
	{name: "id is a number", steps: in(text(`{"type":"subscribe","id":1,"payload":{"query":"{ hello }"}}`))},
	{name: "id is null", steps: in(text(`{"type":"subscribe","id":null,"payload":{"query":"{ hello }"}}`))},
	{name: "id of odd characters", steps: in(text(subscribe("日本 \"\\\u2028<é>\x00", `{ hello }`)))},
	{name: "id is a word of JavaScript", steps: in(text(subscribe("toString", `{ hello }`)))},
	{name: "id of 256 bytes", steps: in(text(subscribe(strings.Repeat("i", 256), `{ hello }`)))},
	{name: "id of 257 bytes", steps: in(text(subscribe(strings.Repeat("i", 257), `{ hello }`))),
		ours: []string{opened, ack, invalid, "end"}, why: "an id is kept for as long as its operation runs, and is bounded as everything is"},
	{name: "no payload", steps: in(text(`{"type":"subscribe","id":"1"}`))},
	{name: "payload is null", steps: in(text(`{"type":"subscribe","id":"1","payload":null}`))},
	{name: "payload is a string", steps: in(text(`{"type":"subscribe","id":"1","payload":"{ hello }"}`))},
	{name: "payload is a list", steps: in(text(`{"type":"subscribe","id":"1","payload":[]}`))},
	{name: "no query", steps: in(text(`{"type":"subscribe","id":"1","payload":{}}`))},
	{name: "query is null", steps: in(text(`{"type":"subscribe","id":"1","payload":{"query":null}}`))},
	{name: "query is a number", steps: in(text(`{"type":"subscribe","id":"1","payload":{"query":1}}`))},
	{name: "query in capitals", steps: in(text(`{"type":"subscribe","id":"1","payload":{"Query":"{ hello }"}}`))},
	{name: "variables are null", steps: in(text(subscribeWith("1", payload{"query": "{ hello }", "variables": nil})))},
	{name: "variables are a list", steps: in(text(subscribeWith("1", payload{"query": "{ hello }", "variables": []any{}})))},
	{name: "variables are a string", steps: in(text(subscribeWith("1", payload{"query": "{ hello }", "variables": "{}"})))},
	{name: "operationName is null", steps: in(text(subscribeWith("1", payload{"query": "{ hello }", "operationName": nil})))},
	{name: "operationName is a number", steps: in(text(subscribeWith("1", payload{"query": "{ hello }", "operationName": 1})))},
	{name: "extensions", steps: in(text(subscribeWith("1", payload{"query": "{ hello }", "extensions": payload{"a": 1}})))},
	{name: "extensions are null", steps: in(text(subscribeWith("1", payload{"query": "{ hello }", "extensions": nil})))},
	{name: "extensions are a string", steps: in(text(subscribeWith("1", payload{"query": "{ hello }", "extensions": "x"})))},
	{name: "other members", steps: in(text(`{"type":"subscribe","id":"1","more":1,"payload":{"query":"{ hello }","more":[]}}`))},
	{name: "a document's id without a query", steps: in(text(subscribeWith("1", payload{"documentId": "sha256:00"}))),
		ours: []string{opened, ack, "close 4500 nothing to parse", "end"},
		why:  "documents that are kept are asked for without their text (GraphQL over HTTP, appendix A); the player of this test keeps none"},
	{name: "a document's hash without a query", steps: in(text(subscribeWith("1", payload{"extensions": payload{"persistedQuery": payload{"version": 1}}}))),
		ours: []string{opened, ack, "close 4500 nothing to parse", "end"},
		why:  "automatic persisted queries name a document by its hash alone; the player of this test keeps none"},
	{name: "no document's hash and no query", steps: in(text(subscribeWith("1", payload{"extensions": payload{"persistedQuery": nil}})))},

	// Operations that end by themselves.
	{name: "query", steps: in(text(subscribe("1", `{ hello }`)))},
	{name: "query with variables", steps: in(text(subscribeWith("1", payload{"query": "query Q($a: Int!, $b: Int) { add(a: $a, b: $b) }", "variables": payload{"a": 3, "b": 4}})))},
	{name: "query without its variable", steps: in(text(subscribe("1", "query Q($a: Int!) { add(a: $a) }")))},
	{name: "mutation", steps: in(text(subscribe("1", `mutation { set(value: "日本") }`)))},
	{name: "field that fails", steps: in(text(subscribe("1", `{ hello fails }`)))},
	{name: "one of two operations", steps: in(text(subscribeWith("1", payload{"query": "query A { hello } query B { again: hello }", "operationName": "B"})))},
	{name: "no such operation", steps: in(text(subscribeWith("1", payload{"query": "query A { hello }", "operationName": "B"})))},
	{name: "two operations without a name", steps: in(text(subscribe("1", "query A { hello } query B { hello }")))},
	{name: "not valid", steps: in(text(subscribe("1", `{ unknown }`)))},
	{name: "after an error all goes on", steps: in(text(subscribe("1", `{ unknown }`)), hear(1), text(subscribe("1", `{ hello }`)))},
	{name: "syntax error", steps: in(text(subscribe("1", `{ hello`))),
		ours: []string{opened, ack, "close 4500 input:1:8: Expected Name, found <EOF>", "end"}, why: "the reason has the words of our parser; the code is the reference's"},
	{name: "empty query", steps: in(text(subscribe("1", ``))),
		ours: []string{opened, ack, "close 4500 nothing to parse", "end"}, why: "the reason has the words of our parser; the code is the reference's"},
	{name: "answers come as they are ready", steps: in(text(subscribe("slow", `{ slow }`), subscribe("quick", `{ hello }`)))},

	// Subscriptions.
	{name: "stream", steps: in(text(subscribe("1", three)))},
	{name: "stream of nothing", steps: in(text(subscribe("1", `subscription { count(to: 0) }`)))},
	{name: "stream without its variable", steps: in(text(subscribe("1", `subscription S($n: Int!) { count(to: $n) }`)))},
	{name: "stream that breaks", steps: in(text(subscribe("1", `subscription { breaks }`)))},
	{name: "id again after the end", steps: in(text(subscribe("1", three)), hear(4), text(subscribe("1", three)))},
	{name: "id again after a break", steps: in(text(subscribe("1", `subscription { breaks }`)), hear(2), text(subscribe("1", three)))},
	{name: "id of an operation that runs", steps: in(text(subscribe("1", forever)), hear(1), text(subscribe("1", three)))},
	{name: "id of a query that runs", steps: in(text(subscribe("1", `{ slow }`), subscribe("1", `{ hello }`)))},
	{name: "two streams", steps: in(text(subscribe("1", forever)), hear(1), text(subscribe("2", three)))},
	{name: "duplicate id with a long name", steps: in(text(subscribe(strings.Repeat("日", 60), forever)), hear(1), text(subscribe(strings.Repeat("日", 60), forever))),
		ours: []string{
			opened, ack, `{"id":"` + strings.Repeat("日", 60) + `","payload":{"data":{"forever":1}},"type":"next"}`,
			"close 4409 Subscriber for " + strings.Repeat("日", 36), "end",
		}, why: "the reference cannot put a long reason into a close frame and closes with 4500; the code that says what is wrong is better"},

	// complete.
	{name: "complete", steps: in(text(subscribe("1", forever)), hear(1), text(`{"type":"complete","id":"1"}`))},
	{name: "complete of a query", steps: in(text(subscribe("1", `{ slow }`), `{"type":"complete","id":"1"}`)), quiet: 700 * time.Millisecond},
	{name: "complete twice", steps: in(text(subscribe("1", forever)), hear(1), text(`{"type":"complete","id":"1"}`, `{"type":"complete","id":"1"}`, `{"type":"ping"}`))},
	{name: "complete of one of two", steps: in(text(subscribe("1", forever)), hear(1), text(subscribe("2", `{ slow }`), `{"type":"complete","id":"1"}`))},
	{name: "complete after the end", steps: in(text(subscribe("1", three)), hear(4), text(`{"type":"complete","id":"1"}`, `{"type":"ping"}`))},
	{name: "complete of nothing", steps: in(text(`{"type":"complete","id":"none"}`, `{"type":"ping"}`))},
	{name: "complete before init", steps: []step{text(`{"type":"complete","id":"1"}`, `{"type":"ping"}`)}},
	{name: "complete without id", steps: in(text(`{"type":"complete"}`))},
	{name: "complete with an empty id", steps: in(text(`{"type":"complete","id":""}`))},
	{name: "complete with a payload", steps: in(text(subscribe("1", forever)), hear(1), text(`{"type":"complete","id":"1","payload":1}`, `{"type":"ping"}`))},
	{name: "id again after complete", steps: in(text(subscribe("1", forever)), hear(1), text(`{"type":"complete","id":"1"}`, subscribe("1", three)))},

	// Frames (RFC 6455).
	{name: "binary frame", steps: in(bytes(masked(true, opBinary, []byte(`{"type":"ping"}`))))},
	{name: "fragments", steps: in(bytes(masked(false, opText, []byte(`{"type":`)), masked(false, opMore, nil), masked(true, opMore, []byte(`"ping"}`))))},
	{name: "a ping between fragments", steps: in(bytes(masked(false, opText, []byte(`{"type":`)), masked(true, opPing, []byte("x")), masked(true, opMore, []byte(`"ping"}`))))},
	{name: "a character in two fragments", steps: in(bytes(masked(false, opText, []byte("{\"type\":\"ping\",\"payload\":{\"a\":\"\xe6\x97")), masked(true, opMore, []byte("\xa5\"}}"))))},
	{name: "bytes that are no text", steps: in(bytes(masked(true, opText, []byte("{\"type\":\"\xff\"}"))))},
	{name: "no text in a binary frame", steps: in(bytes(masked(true, opBinary, []byte("{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}"))))},
	{name: "half of a surrogate pair", steps: in(text(`{"type":"ping","payload":{"a":"x"},"b":"\ud800"}`))},
	{name: "no mask", steps: in(bytes(header(true, opText, 2, false), []byte(`{}`)))},
	{name: "first reserved bit", steps: in(bytes([]byte{0xC1, 0x80, 0, 0, 0, 0}))},
	{name: "second reserved bit", steps: in(bytes([]byte{0xA1, 0x80, 0, 0, 0, 0}))},
	{name: "unknown kind of frame", steps: in(bytes(masked(true, 3, nil)))},
	{name: "unknown control frame", steps: in(bytes(masked(true, 11, nil)))},
	{name: "control frame in fragments", steps: in(bytes(masked(false, opPing, nil)))},
	{name: "long control frame", steps: in(bytes(masked(true, opPing, make([]byte, 126))))},
	{name: "continuation of nothing", steps: in(bytes(masked(true, opMore, []byte(`{}`))))},
	{name: "new message inside of another", steps: in(bytes(masked(false, opText, []byte(`{`)), masked(true, opText, []byte(`}`))))},
	{name: "ping frame", steps: in(bytes(masked(true, opPing, []byte("are you there"))))},
	{name: "ping frame before init", steps: []step{bytes(masked(true, opPing, nil))}},
	{name: "pong frame of nothing", steps: in(bytes(masked(true, opPong, []byte("x"))), text(`{"type":"ping"}`))},
	{name: "message of 64 KB", steps: in(text(`{"type":"ping"` + strings.Repeat(" ", 64<<10-15) + `}`))},
	{name: "message that is too big", steps: in(text(`{"type":"ping"` + strings.Repeat(" ", 64<<10-14) + `}`))},
	{name: "fragments that are too big", steps: in(bytes(masked(false, opText, make([]byte, 40<<10)), masked(true, opMore, make([]byte, 40<<10))))},
	{name: "length beyond all bounds", steps: in(bytes([]byte{0x81, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}))},
	{name: "length with its first bit set", steps: in(bytes([]byte{0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0}))},

	// The end.
	{name: "close 1000", steps: in(bytes(masked(true, opClose, closeText(1000, "bye"))))},
	{name: "close 1001", steps: in(bytes(masked(true, opClose, closeText(1001, ""))))},
	{name: "close 4000", steps: in(bytes(masked(true, opClose, closeText(4000, "さようなら"))))},
	{name: "close with nothing", steps: in(bytes(masked(true, opClose, nil)))},
	{name: "close before init", steps: []step{bytes(masked(true, opClose, closeText(1000, "")))}},
	{name: "close during a subscription", steps: in(text(subscribe("1", forever)), hear(1), bytes(masked(true, opClose, closeText(1000, ""))))},
	{name: "close with one byte", steps: in(bytes(masked(true, opClose, []byte{3}))),
		ours: []string{opened, ack, "close", "end"}, why: "gorilla takes it for a close frame without a code"},
	{name: "close with code 999", steps: in(bytes(masked(true, opClose, closeText(999, ""))))},
	{name: "close with code 1005", steps: in(bytes(masked(true, opClose, closeText(1005, ""))))},
	{name: "close with code 1016", steps: in(bytes(masked(true, opClose, closeText(1016, ""))))},
	{name: "close with code 5000", steps: in(bytes(masked(true, opClose, closeText(5000, ""))))},
	{name: "close with bytes that are no text", steps: in(bytes(masked(true, opClose, closeText(1000, "\xff")))),
		ours: []string{opened, ack, "close 1002", "end"}, why: "gorilla takes it for a broken frame, and says so with 1002 instead of 1007"},
	{name: "nothing is heard after close", steps: in(text(`{}`, subscribe("1", `{ hello }`), `{"type":"ping"}`))},
}
