package dataset

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// orphanKept is how long objects may lie in a folder that no version names: a run
// that will name it may still be writing.
const orphanKept = 24 * time.Hour

const allData = "datasets/"

// folderOf is where an object lies.
func folderOf(key string) string { return path.Dir(key) + "/" }

// foldersOf are where the objects of a version lie.
func foldersOf(v *core.DatasetVersion) []string {
	folders := []string{v.Path}
	for _, key := range append([]string{v.Summary}, v.Parts...) {
		if f := folderOf(key); key != "" && f != folders[len(folders)-1] {
			folders = append(folders, f)
		}
	}
	return folders
}

// held are the folders that a dataset's versions name: those that can be read,
// and of the retired ones those that count. Whether the dataset is there does not
// matter: one that was deleted has its versions until it is purged.
func (s *Service) held(ctx context.Context, datasetID string, counts func(*store.RetiredVersion) bool) (map[string]bool, error) {
	held := map[string]bool{}
	hold := func(v *core.DatasetVersion) {
		for _, f := range foldersOf(v) {
			held[f] = true
		}
	}
	d, err := s.Store.Datasets.Get(ctx, datasetID)
	if err != nil {
		return nil, err
	}
	if d != nil {
		hold(&core.DatasetVersion{Path: d.Path, Parts: d.Parts, Summary: d.SummaryKey})
	}
	retired, err := s.Store.Datasets.Retired(ctx, datasetID)
	if err != nil {
		return nil, err
	}
	for _, v := range retired {
		if counts(v) {
			hold(v.DatasetVersion)
		}
	}
	versions, err := s.Store.Datasets.Versions(ctx, datasetID)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		hold(v)
	}
	return held, nil
}

// folder is a folder below a dataset with what lies in it.
type folder struct {
	keys     []string
	modified time.Time // of the youngest
}

// sweepOrphans removes the folders that no version names and no import owns, when
// nothing was written there for a day. The objects are listed first: what is
// published after that was written after that, or is named when it is asked for.
func (s *Service) sweepOrphans(ctx context.Context, now time.Time) error {
	datasets, err := s.listData(ctx)
	if err != nil {
		return err
	}
	busy, err := s.busy(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for id, folders := range datasets {
		if !busy[id] {
			problems = append(problems, s.sweepFolders(ctx, id, folders, now))
		}
	}
	return errors.Join(problems...)
}

// listData are the folders of all datasets, by the dataset's id.
func (s *Service) listData(ctx context.Context) (map[string]map[string]*folder, error) {
	all := map[string]map[string]*folder{}
	err := s.Blobs.List(ctx, allData, func(info blob.Info) error {
		id, _, _ := strings.Cut(strings.TrimPrefix(info.Key, allData), "/")
		if all[id] == nil {
			all[id] = map[string]*folder{}
		}
		name := folderOf(info.Key)
		if all[id][name] == nil {
			all[id][name] = &folder{}
		}
		f := all[id][name]
		f.keys = append(f.keys, info.Key)
		if info.Modified.After(f.modified) {
			f.modified = info.Modified
		}
		return nil
	})
	return all, err
}

// busy are the datasets that an import writes or waits to be confirmed for.
func (s *Service) busy(ctx context.Context) (map[string]bool, error) {
	open, err := s.Store.Jobs.Open(ctx)
	if err != nil {
		return nil, err
	}
	staged, err := s.Store.Jobs.Staged(ctx)
	ids := map[string]bool{}
	for _, job := range append(open, staged...) {
		ids[job.DatasetID] = true
	}
	return ids, err
}

// within tells whether a folder is one that is held, or lies in one.
func within(name string, held map[string]bool) bool {
	for folder := range held {
		if strings.HasPrefix(name, folder) {
			return true
		}
	}
	return false
}

func (s *Service) sweepFolders(ctx context.Context, datasetID string, folders map[string]*folder, now time.Time) error {
	held, err := s.held(ctx, datasetID, func(*store.RetiredVersion) bool { return true })
	if err != nil {
		return err
	}
	for name, f := range folders {
		if within(name, held) || now.Sub(f.modified) < orphanKept {
			continue
		}
		for _, key := range f.keys {
			s.remove(ctx, key)
		}
	}
	return nil
}
