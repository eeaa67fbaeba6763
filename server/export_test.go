package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/karuta-bi/karuta/schema"
	"github.com/karuta-bi/karuta/server/socket"
)

// Groups is how many groups of subscriptions there are.
func (h *Handler) Groups() int { return h.server.engine.hub.Count() }

// Fill takes all the room of a client.
func (h *Handler) Fill(client string) (leave func(), err error) {
	held := h.server.room.Hold(client)
	_, err = io.Copy(io.Discard, held.Reader(io.LimitReader(rand.Reader, roomOfClient)))
	return held.Leave, err
}

// Decode reads a request and writes what was understood of it, or gives the status
// that it is refused with. A file that it brings is read to its end.
func Decode(r *http.Request) (again []byte, status int) {
	s := &server{Deps: Deps{MaxUpload: 1 << 20}}
	req, err := s.decode(httptest.NewRecorder(), r, s.room.Hold(""))
	if err != nil {
		refused, _ := errors.AsType[*refusal](err)
		return nil, refused.err.HTTPStatus()
	}
	readFiles(req.Variables)
	again, err = json.Marshal(map[string]any{
		"query": req.Query, "operationName": req.OperationName, "variables": req.Variables, "extensions": req.Extensions, "documentId": req.DocumentID,
	})
	if err != nil {
		panic(err)
	}
	return again, http.StatusOK
}

// readFiles puts what files say in their places.
func readFiles(object map[string]any) {
	for name, value := range object {
		switch value := value.(type) {
		case map[string]any:
			readFiles(value)
		case *schema.File:
			said, _ := io.ReadAll(value.Body)
			object[name] = "file " + strconv.Itoa(len(said)) + " " + strings.ToValidUTF8(value.Name, "?")
		}
	}
}

// Streams is how many event streams are open.
func (h *Handler) Streams() int {
	h.server.streams.mu.Lock()
	defer h.server.streams.mu.Unlock()
	return h.server.streams.total
}

// Quiet is what a stream says that is told one result after so long, and then the end.
func Quiet(long time.Duration) string {
	w := httptest.NewRecorder()
	s := newEventStream(w, func() {})
	s.begin()
	time.AfterFunc(long, func() { s.Next([]byte("{}")); s.Complete() })
	s.write(context.Background(), nil, nil)
	return w.Body.String()
}

// FailWith lets every root field fail as the function says.
func (h *Handler) FailWith(failure func() error) {
	h.server.engine.root = func(ctx context.Context, _ graphql.RootResolver) graphql.Marshaler {
		field := graphql.GetRootFieldContext(ctx)
		graphql.AddError(graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: field.Object, Field: field.Field}), failure())
		return graphql.Null
	}
}

// Subscribe begins a subscription of the context's actor, as over a socket.
func (h *Handler) Subscribe(ctx context.Context, document string, sink socket.Sink) {
	h.server.engine.serve(ctx, &request{Query: document, stream: true}, sink)
}
