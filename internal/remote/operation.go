package remote

import (
	"encoding/json"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/schema/operations"
)

// operation is one that the program asks for.
type operation struct{ ID, Body string }

var known = func() map[string]operation {
	var manifest struct{ Operations []operation }
	if err := json.Unmarshal(operations.Command, &manifest); err != nil {
		panic(err) // it is part of the program
	}
	all := map[string]operation{}
	for _, op := range manifest.Operations {
		all[op.ID] = op
	}
	return all
}()

// asked is an operation as it is sent. Servers may answer to registered operations
// alone, and others do not know ours: it goes by its hash until a server says so,
// and as a text from then on.
type asked struct {
	DocumentID string         `json:"documentId,omitempty"`
	Query      string         `json:"query,omitempty"`
	Variables  map[string]any `json:"variables"`
}

func (s *Server) ask(id string, variables map[string]any) asked {
	if s.text.Load() {
		return asked{Query: known[id].Body, Variables: variables}
	}
	return asked{DocumentID: "sha256:" + core.Hash(known[id].Body), Variables: variables}
}

// unknown tells whether a server does not know the operation by its hash, and
// remembers it.
func (s *Server) unknown(req asked, p *Problem) bool {
	no := req.DocumentID != "" && p != nil && p.Code == core.CodeNotFound && p.Field == "documentId"
	if no {
		s.text.Store(true)
	}
	return no
}
