package dashboard

import (
	"context"
	"errors"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// Service does what can be done with dashboards and their shares. Every method
// checks the actor of its context.
type Service struct{}

var errNotYet = errors.New("not yet")

// Create makes an empty dashboard of the actor's.
func (s *Service) Create(ctx context.Context, name, description string) (*core.Dashboard, error) {
	return nil, errNotYet
}

// Change is an edit of a dashboard. Nil leaves a part as it is; an empty slice
// clears it.
type Change struct {
	ID          string
	Version     int64 // as last read
	Name        *string
	Description *string
	Cards       *[]core.Placement
	Filters     *[]core.Filter // an ID "" makes a new filter
}

// Update edits a dashboard; for its editors. CONFLICT, with both versions,
// when it was changed since. A card that is new on the page must be readable,
// with its dataset, by the editor's own right (as owner or admin).
func (s *Service) Update(ctx context.Context, c Change) (*core.Dashboard, error) {
	return nil, errNotYet
}

// Delete removes a dashboard and its shares; for its owner and admins.
func (s *Service) Delete(ctx context.Context, id string) error { return errNotYet }

// Dashboard is one dashboard that the actor may view; NOT_FOUND otherwise.
// A look is audited, once a minute for each person and dashboard.
func (s *Service) Dashboard(ctx context.Context, id string) (*core.Dashboard, error) {
	return nil, errNotYet
}

// Dashboards lists what the actor owns and what is shared with the actor or
// with a group of theirs, newest first. Its number of table calls does not
// grow with the number of dashboards.
func (s *Service) Dashboards(ctx context.Context, page core.PageArgs) (core.Page[*core.Dashboard], error) {
	return core.Page[*core.Dashboard]{}, errNotYet
}

// ReferencedDataset is a dataset whose data a dashboard shows.
type ReferencedDataset struct {
	ID          string
	Name        string
	RowCount    int64
	UsedByCards int
	OwnerID     string
}

// ReferencedDatasets lists the datasets behind a dashboard's cards, by name;
// for its viewers.
func (s *Service) ReferencedDatasets(ctx context.Context, dashboardID string) ([]ReferencedDataset, error) {
	return nil, errNotYet
}

// ShareInput shares a dashboard. A zero ExpiresAt never ends.
type ShareInput struct {
	DashboardID string
	TargetType  core.TargetType
	TargetID    string
	Permission  core.Permission
	ExpiresAt   time.Time
}

// CreateShare shares a dashboard; for its owner (admins too). DUPLICATE_ERROR.share
// carries Details["shareId"]; others who can view get FORBIDDEN.owner_only.
func (s *Service) CreateShare(ctx context.Context, in ShareInput) (*core.Share, error) {
	return nil, errNotYet
}

// ShareChange is an edit of a share. Nil leaves a part as it is; a zero
// ExpiresAt removes the end.
type ShareChange struct {
	ID         string
	Permission *core.Permission
	ExpiresAt  *time.Time
}

// UpdateShare changes a share; as CreateShare.
func (s *Service) UpdateShare(ctx context.Context, c ShareChange) (*core.Share, error) {
	return nil, errNotYet
}

// DeleteShare ends a share; as CreateShare.
func (s *Service) DeleteShare(ctx context.Context, id string) error { return errNotYet }

// Shares lists a dashboard's shares, by target; for its owner and admins.
func (s *Service) Shares(ctx context.Context, dashboardID string) ([]*core.Share, error) {
	return nil, errNotYet
}
