package socket

import (
	"encoding/json"
	"net/http"
)

// Restart asks the clients of all sockets to connect anew, as Drain does, but
// new sockets are opened all the same.
func Restart(h *Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.conns {
		c.restart()
	}
}

// Leaving is how many sockets close as soon as they can.
func Leaving(h *Handler) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.conns {
		c.mu.Lock()
		if c.leaving {
			n++
		}
		c.mu.Unlock()
	}
	return n
}

// Again reads a message and writes what was understood of it.
func Again(text []byte) ([]byte, bool) {
	m, ok := parse(text)
	if !ok {
		return nil, false
	}
	parts := map[string]any{"type": m.kind, "id": m.id, "payload": m.payload}
	if m.kind == typeSubscribe {
		r := m.request
		request := map[string]any{"query": r.Query, "documentId": r.DocumentID, "operationName": r.OperationName}
		if r.Variables != nil {
			request["variables"] = r.Variables
		}
		if r.Extensions != nil {
			request["extensions"] = r.Extensions
		}
		parts["payload"] = request
	}
	again, err := json.Marshal(parts)
	if err != nil {
		panic(err)
	}
	return again, true
}

// CountedFor is for whom a socket of the request is counted.
func CountedFor(r *http.Request) string { return address(r.Context()) }
