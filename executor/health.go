package executor

import (
	"io"
	"net/http"
	"slices"

	"github.com/karuta-bi/karuta/executor/client"
)

// health answers that the process lives; it looks at nothing else. With
// ?verbose it tells how runs are isolated and how many there are.
func (s *server) health(w http.ResponseWriter, r *http.Request) {
	if !r.URL.Query().Has("verbose") {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"ok"}`) // the caller is gone when this fails
		return
	}
	layers, limits := s.runner.Isolation(), s.runner.Limits()
	_ = reply(w, client.Health{
		Status:     "ok",
		Isolation:  layers,
		Strict:     strict(layers),
		Grade:      s.grade(),
		Limits:     &limits,
		Reason:     s.runner.Refusal(),
		Running:    s.runner.Running(),
		Queued:     s.runner.Queued(),
		Transforms: s.transformsHealth(),
	})
}

// transformsHealth is nil where there are no transforms.
func (s *server) transformsHealth() *client.TransformsHealth {
	if s.transforms == nil {
		return nil
	}
	return &client.TransformsHealth{
		Isolation: s.transforms.Isolation(),
		Reason:    s.transforms.Refusal(),
		Running:   s.transforms.Running(),
		Queued:    s.transforms.Queued(),
	}
}

func (s *server) grade() client.Grade {
	switch {
	case s.runner.Refusal() != "":
		return client.GradeRefused
	case s.runner.Relaxed():
		return client.GradeRelaxed
	}
	return client.GradeStrict
}

// strict tells that every required layer was seen to hold.
func strict(layers []client.Layer) bool {
	return len(layers) > 0 && !slices.ContainsFunc(layers, func(l client.Layer) bool { return l.Required && !l.Holds })
}
