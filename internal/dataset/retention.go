package dataset

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// retiredKept is how long the objects of a retired version stay for those that
// began to read it: longer than anything that reads may take.
const retiredKept = time.Hour

// Retain does what time asks for: it gives up what nobody confirmed, retires the
// versions that are neither among the newest nor young, removes the objects of
// those that were retired long enough, and those that no version names. Call it
// now and then, with the time as it is.
func (s *Service) Retain(ctx context.Context, now time.Time) error {
	if err := s.sweepStaged(ctx, now); err != nil {
		return err
	}
	pinned, err := s.pinned(ctx)
	if err != nil {
		return core.Internal("read running transforms", err)
	}
	var problems []error
	for page := (core.PageArgs{First: core.MaxPage}); ; {
		part, err := s.Store.Datasets.List(ctx, page)
		if err != nil {
			return errors.Join(append(problems, err)...)
		}
		for _, d := range part.Nodes {
			problems = append(problems, s.retain(ctx, d.ID, now, pinned[d.ID]))
		}
		if !part.HasNext {
			break
		}
		page.After = part.EndCursor()
	}
	return errors.Join(append(problems, s.sweepOrphans(ctx, now))...)
}

// pinned are the versions that running transforms read, by dataset.
func (s *Service) pinned(ctx context.Context) (map[string][]int64, error) {
	runs, err := s.Store.Executions.Open(ctx, time.Time{})
	pins := map[string][]int64{}
	for _, x := range runs {
		for _, in := range x.Inputs {
			pins[in.DatasetID] = append(pins[in.DatasetID], in.Version)
		}
	}
	return pins, err
}

func (s *Service) retain(ctx context.Context, datasetID string, now time.Time, pinned []int64) error {
	versions, err := s.Store.Datasets.Versions(ctx, datasetID)
	if err != nil {
		return err
	}
	for _, v := range s.cfg.outlived(versions, now) {
		if slices.Contains(pinned, v.Number) {
			continue
		}
		err := s.Store.Datasets.Retire(ctx, v, now)
		if err != nil && core.CodeOf(err) != core.CodeConflict { // another process was first
			return err
		}
	}
	return s.clear(ctx, datasetID, now)
}

// outlived are those of a dataset's versions, newest first, that go: beyond the
// number that is kept, and beyond the days. The newest never does.
func (c Config) outlived(versions []*core.DatasetVersion, now time.Time) (old []*core.DatasetVersion) {
	since := now.Add(-c.KeepFor)
	for i, v := range versions {
		if i >= max(c.KeepVersions, 1) && v.CreatedAt.Before(since) {
			old = append(old, v)
		}
	}
	return old
}

// clear removes the objects of versions that were retired long enough ago, but
// not those that another version refers to: appended and restored versions share
// objects. The note of a version goes last, so that what breaks off is done again.
func (s *Service) clear(ctx context.Context, datasetID string, now time.Time) error {
	retired, err := s.Store.Datasets.Retired(ctx, datasetID)
	if err != nil {
		return err
	}
	due := func(v *store.RetiredVersion) bool { return !now.Before(v.At.Add(retiredKept)) }
	if !slices.ContainsFunc(retired, due) {
		return nil
	}
	held, err := s.held(ctx, datasetID, func(v *store.RetiredVersion) bool { return !due(v) })
	if err != nil {
		return err
	}
	for _, v := range retired {
		if !due(v) {
			continue
		}
		if err := s.removeFolders(ctx, foldersOf(v.DatasetVersion), held); err != nil {
			return err
		}
		if err := s.Store.Datasets.Forget(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) removeFolders(ctx context.Context, folders []string, held map[string]bool) error {
	for _, folder := range folders {
		if held[folder] {
			continue
		}
		keys, err := s.keysBelow(ctx, folder)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if err := s.Blobs.Delete(ctx, key); err != nil {
				return err
			}
		}
	}
	return nil
}
