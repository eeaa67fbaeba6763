package card

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// waitTimeout is how long a run may wait for its turn and its data.
const waitTimeout = time.Minute

// job is one card over one slice of one version of a dataset, as somebody sees it.
type job struct {
	card        *core.Card
	source      client.Source
	values      []core.FilterValue // that reach the card
	chosen      json.RawMessage    // params with what the viewer chose; nil: the card's own
	dashboardID string
	beside      []string // columns that the dashboard's cards seem to need
}

// result takes the job's result from the cache or from a run. People who ask
// for the same at the same time share one run, which goes on when the first of
// them leaves and ends when the last does.
func (s *Service) result(ctx context.Context, j job, useCache bool) (*core.CardResult, error) {
	key := s.key(j)
	flight := "fresh " + key
	if useCache {
		if r := s.kept.get(ctx, key); r != nil && store.Now().Sub(r.ExecutedAt) < s.cfg.CacheTTL {
			return cached(r, false), nil
		}
		flight = key
	}
	if err := s.Admit(ctx, j.dashboardID); err != nil {
		return nil, err
	}
	done, leave := s.join(ctx, flight, j, key)
	defer leave()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		if r.Err == nil {
			return r.Val.(*core.CardResult), nil
		}
		if core.CodeOf(r.Err) == core.CodeUnavailable {
			if last := s.kept.newest(ctx, slot(j)); last != nil {
				return cached(last, true), nil
			}
		}
		return nil, r.Err
	}
}

func cached(r *core.CardResult, stale bool) *core.CardResult {
	c := *r
	c.Cached, c.Stale = true, stale
	return &c
}

// share is a run that Close waits for.
func (s *Service) share(ctx context.Context, j job, key string) (*core.CardResult, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, &core.Error{Code: core.CodeUnavailable}
	}
	s.wg.Add(1)
	s.mu.Unlock()
	defer s.wg.Done()
	r, err := s.run(ctx, j, key)
	if f, ok := errors.AsType[*failure](err); ok {
		ev := event(core.EventCardFailed, j.card.ID, map[string]string{
			"code": string(f.reply.Problem.Code), "reason": f.reply.Problem.Reason, "dashboard": j.dashboardID,
		})
		ev.Outcome = core.OutcomeFailure
		s.Audit.Record(ctx, ev)
	}
	return r, err
}

// run runs the card once and keeps a good result under the key.
func (s *Service) run(ctx context.Context, j job, key string) (*core.CardResult, error) {
	timeout, cancel := context.WithTimeout(ctx, s.cfg.Timeout+waitTimeout)
	defer cancel()
	started := store.Now()
	reply, err := s.Executor.Render(timeout, client.CardRequest{
		RunID: core.NewID("run"), User: client.UserKey(core.ActorFrom(ctx).ActingID()), Code: j.card.Code, Source: j.source,
		Beside: j.beside, Filters: j.values, Params: j.params(), TimeoutSeconds: s.cfg.Timeout.Seconds(), MemoryMB: s.cfg.MemoryMB,
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = &core.Error{Code: core.CodeUnavailable, Cause: err}
	}
	if err != nil {
		return nil, err
	}
	s.Log.InfoContext(ctx, "card run", "card", j.card.ID, "dataset", j.source.DatasetID, "filters", columnsOf(j.values),
		"rows", reply.RowsIn, "bytes", len(reply.HTML), "read_ms", reply.ReadMS, "run_ms", reply.RunMS, "failed", reply.Problem != nil)
	if reply.Problem != nil {
		s.logRun(ctx, j, started, reply, "")
		return nil, &failure{reply, s.cfg.Timeout, hiddenColumns(j.source), j.card.Code}
	}
	r := &core.CardResult{
		HTML: reply.HTML, UsedColumns: reply.UsedColumns, AppliedFilters: columnsOf(j.values),
		FilterApplicable: reply.FilterApplicable && !j.card.IgnoresFilters,
		ExecutedAt:       started, DurationMS: store.Now().Sub(started).Milliseconds(), DatasetVersion: j.source.Version,
		RowsIn: reply.RowsIn, CodeHash: codeHash(j.card), Log: reply.Log, Key: key,
	}
	s.keep(ctx, j, r, reply.Libraries)
	s.logRun(ctx, j, started, reply, r.SnapshotID)
	return r, nil
}

// keep puts a result where it is found again: under its key and, of a saved
// card, under its snapshot's id. One that cannot be kept is shown all the same.
func (s *Service) keep(ctx context.Context, j job, r *core.CardResult, libraries string) {
	var both errgroup.Group
	if j.card.ID != "" {
		snap := s.snapshotOf(j, r, libraries)
		r.SnapshotID = snap.ID
		both.Go(func() error { return putJSON(ctx, s.Blobs, snapshotsFolder+snap.ID, snap) })
	}
	both.Go(func() error { return s.kept.put(ctx, r) })
	if err := both.Wait(); err != nil && ctx.Err() == nil {
		r.SnapshotID = ""
		s.Log.ErrorContext(ctx, "card result not kept", "card", j.card.ID, "error", err)
	}
}

// params are what render gets as its third argument.
func (j job) params() json.RawMessage {
	switch {
	case j.chosen != nil:
		return j.chosen
	case j.card.Params == "":
		return json.RawMessage("{}")
	}
	return json.RawMessage(j.card.Params)
}

func codeHash(c *core.Card) string {
	sum := sha256.Sum256([]byte(c.Code))
	return hex.EncodeToString(sum[:])
}

// key names the result by everything that it depends on, below its slot: the
// same card over the same choice for the same eyes, whatever its code and data
// were. Who sees something else of the data has other keys and other slots, so
// that nobody gets a result, not even an old one, that was made for others.
func (s *Service) key(j job) string {
	return slot(j) + "/" + digest(s.cfg.Platform, codeHash(j.card), string(j.params()), j.source.Version, j.source.Where)
}

func slot(j job) string {
	return digest(j.card.ID, j.source.DatasetID, j.values, j.chosen, j.source.Sight)[:32]
}

func digest(parts ...any) string {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode(parts) // texts, numbers and filter trees always encode
	return hex.EncodeToString(h.Sum(nil))
}
