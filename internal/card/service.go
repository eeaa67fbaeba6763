package card

import (
	"context"
	"errors"

	"github.com/karuta-bi/karuta/internal/core"
)

// PlotlyPath is where the server must serve plotly.min.js: a card's page loads
// it from there.
const PlotlyPath = "/assets/plotly.min.js"

// Service does what can be done with cards. Every method checks the actor of
// its context.
type Service struct{}

var errNotYet = errors.New("not yet")

// CreateInput is a new card. Kind "" is CODE.
type CreateInput struct {
	Kind           core.CardKind
	Name           string
	Description    string
	DatasetID      string // of a code card
	Code           string // Python, or the HTML of a text card
	Params         string // JSON object, "" is {}
	IgnoresFilters bool
}

// Create makes a card of the actor's. A code card needs a dataset that the
// actor may read as its owner or as an admin.
func (s *Service) Create(ctx context.Context, in CreateInput) (*core.Card, error) {
	return nil, errNotYet
}

// Change is an edit of a card. Nil leaves a part as it is.
type Change struct {
	ID             string
	Version        int64 // as last read
	Name           *string
	Description    *string
	DatasetID      *string
	Code           *string
	Params         *string
	IgnoresFilters *bool
}

// Update edits a card; for its owner. CONFLICT when it was changed since.
func (s *Service) Update(ctx context.Context, c Change) (*core.Card, error) { return nil, errNotYet }

// Delete removes a card; for its owner and admins. Refused with
// VALIDATION_ERROR.card_in_use while it lies on dashboards.
func (s *Service) Delete(ctx context.Context, id string) error { return errNotYet }

// Card is one card that the actor may see: as owner, as admin or through a
// dashboard, then without Code and Params. NOT_FOUND otherwise.
func (s *Service) Card(ctx context.Context, id string) (*core.Card, error) { return nil, errNotYet }

// Cards lists the actor's own cards, newest first.
func (s *Service) Cards(ctx context.Context, page core.PageArgs) (core.Page[*core.Card], error) {
	return core.Page[*core.Card]{}, errNotYet
}

// PreviewInput is unsaved code over a dataset.
type PreviewInput struct {
	DatasetID string
	Code      string
	Params    string
	Filters   []core.FilterValue
}

// Preview runs unsaved code without any cache; for those who may read the
// dataset as its owner or as admins. A failure carries its traceback.
func (s *Service) Preview(ctx context.Context, in PreviewInput) (*core.CardResult, error) {
	return nil, errNotYet
}

// ExecuteInput asks for a card's result. DashboardID is the page it is seen
// on; "" is the card alone, for its owner and admins.
type ExecuteInput struct {
	CardID      string
	DashboardID string
	Filters     []core.FilterValue // those that the dashboard does not define are ignored
	UseCache    bool
}

// Execute gives the card's result, from the cache or by a run. A failure of
// the code is an error with Details["traceback"] (a *core.Traceback) for the
// card's owner and admins only.
func (s *Service) Execute(ctx context.Context, in ExecuteInput) (*core.CardResult, error) {
	return nil, errNotYet
}

// PageURL is the signed, short-lived address of the result's page, a path
// below [PagePrefix]. The result must come from Execute or Preview.
func (s *Service) PageURL(r *core.CardResult) string { return "" }

// PagePrefix is the path under which the server hands the rest to Page.
const PagePrefix = "/cards/page/"

// Page is the whole HTML document behind a token of PageURL. The server sends
// it with its own Content-Security-Policy. NOT_FOUND for a bad or old token.
func (s *Service) Page(ctx context.Context, token string) ([]byte, error) { return nil, errNotYet }
