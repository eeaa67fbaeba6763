package card

import (
	"context"
	"regexp"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	snapshotsFolder = "snapshots/"
	// snapshotsKept is how long a result can be looked up by its id.
	snapshotsKept = 90 * 24 * time.Hour
)

// Snapshot is a result together with all that it was made from. Its id names
// both: the same id is the same bytes.
type Snapshot struct {
	ID        string
	CardID    string
	CardName  string
	DatasetID string
	Values    []core.FilterValue // that reached the card
	Code      string             // for those who may read the card's
	Params    string
	Sight     string // digest of what could be seen of the data
	Result    *core.CardResult
}

// snapshotOf is the result with what it was made from: code, parameters,
// filters, policy, version of the data and of the libraries.
func (s *Service) snapshotOf(j job, r *core.CardResult, libraries string) *Snapshot {
	sight := digest(j.source.Sight)
	made := digest(s.cfg.Platform, libraries, codeHash(j.card), string(j.params()), j.source.DatasetID, j.source.Version, j.source.Where, sight, j.card.ID)
	return &Snapshot{
		ID: "snap_" + made[:32] + "_" + digest(r.HTML)[:16], CardID: j.card.ID, CardName: j.card.Name, DatasetID: j.source.DatasetID,
		Values: j.values, Code: j.card.Code, Params: string(j.params()), Sight: sight, Result: r,
	}
}

var snapshotID = regexp.MustCompile(`^snap_[0-9a-f]{32}_[0-9a-f]{16}$`)

// Snapshot is a card as it was. Whoever may read the card's code may see every
// snapshot of it. On a dashboard it is for those who see the card there, with
// the filters of the page, and now see the same part of the data as the
// snapshot shows. NOT_FOUND for others, and where it is no longer kept.
func (s *Service) Snapshot(ctx context.Context, id, dashboardID string) (*Snapshot, error) {
	if _, err := s.Gate.RequireSignedIn(ctx); err != nil {
		return nil, err
	}
	if !snapshotID.MatchString(id) {
		return nil, core.Invalid("id", "bad_id")
	}
	if dashboardID != "" {
		if _, err := s.Gate.RequireDashboard(ctx, "dashboardId", dashboardID, access.View); err != nil {
			return nil, err
		}
	}
	snap, err := readJSON[Snapshot](ctx, s.Blobs, snapshotsFolder+id)
	if err != nil {
		return nil, core.NotFound("id")
	}
	v, err := s.open(ctx, snap.CardID, dashboardID)
	if err != nil {
		return nil, unfound(err)
	}
	if v.dataset == nil || v.dataset.ID != snap.DatasetID {
		return nil, core.NotFound("id")
	}
	sight, err := s.Gate.Sight(ctx, v.dataset)
	if err != nil {
		return nil, err
	}
	if sight != nil && digest(sight) != snap.Sight || v.onPage && !allDefined(snap.Values, v.filters) {
		return nil, core.NotFound("id")
	}
	return snap.seenBy(ctx, v.card), nil
}

// unfound is what a snapshot's id says of a card that may not be seen.
func unfound(err error) error {
	if code := core.CodeOf(err); code == core.CodeForbidden || code == core.CodeNotFound {
		return core.NotFound("id")
	}
	return err
}

// allDefined tells whether the page's filters could have chosen all of the values.
func allDefined(values []core.FilterValue, filters []core.Filter) bool {
	chosen := make([]choice, len(values))
	for i, v := range values {
		chosen[i] = choice{v, i}
	}
	kept, err := defined(chosen, filters)
	return err == nil && len(kept) == len(chosen)
}

func (snap *Snapshot) seenBy(ctx context.Context, c *core.Card) *Snapshot {
	seen := *snap
	seen.Result = seenBy(ctx, c, snap.Result)
	if !isAuthor(ctx, c) {
		seen.Code, seen.Params = "", ""
	}
	return &seen
}
