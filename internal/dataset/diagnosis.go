package dataset

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// missingFile is what the log says where a dataset's file is not there; operators
// search for it.
const missingFile = "DatasetFileNotFoundError"

const (
	hitsKept  = 24 * time.Hour
	mostHits  = 1000 // of one dataset
	mostLists = 1000 // datasets
)

// Fix is what helps a dataset whose data cannot be read.
type Fix string

// The fixes.
const (
	FixNone     Fix = "NONE"        // everything is in order
	FixPath     Fix = "REPAIR_PATH" // the dataset points elsewhere than its version, whose files are there
	FixReimport Fix = "REIMPORT"    // files of the newest version are gone
	FixRegister Fix = "REGISTER"    // there are files, and no dataset
	FixRestore  Fix = "RESTORE"     // it was deleted, and can be brought back
	FixUnknown  Fix = "NOT_FOUND"   // there is neither
)

// Diagnosis is what is found where a dataset's file is said to be missing.
type Diagnosis struct {
	DatasetID    string
	LogHits      int  // how often this process missed a file of it in the last 24 hours
	ObjectExists bool // every file that the dataset points to is there
	PathMatches  bool // it points to where its newest version lies
	Registered   bool // there is such a dataset
	SuggestedFix Fix
}

// Diagnose looks why a dataset's data cannot be read; for its owner and admins, who
// may also ask for an id that no dataset has.
func (s *Service) Diagnose(ctx context.Context, id string) (*Diagnosis, error) {
	d, err := s.Gate.RequireDataset(ctx, "id", id, access.Manage)
	if core.CodeOf(err) == core.CodeNotFound && core.ActorFrom(ctx).IsAdmin() {
		return s.diagnoseUnknown(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	v, err := s.newest(ctx, d)
	if err != nil {
		return nil, err
	}
	found := &Diagnosis{DatasetID: id, LogHits: s.hits.count(id), Registered: true, SuggestedFix: FixNone,
		PathMatches: v != nil && v.Path == d.Path && slices.Equal(v.Parts, d.Parts)}
	if found.ObjectExists, err = s.allThere(ctx, d.Parts); err != nil {
		return nil, err
	}
	if found.ObjectExists && found.PathMatches {
		return found, nil
	}
	found.SuggestedFix = FixReimport
	if v != nil && !found.PathMatches {
		there, err := s.allThere(ctx, v.Parts)
		if err != nil {
			return nil, err
		}
		if there {
			found.SuggestedFix = FixPath
		}
	}
	return found, nil
}

func (s *Service) diagnoseUnknown(ctx context.Context, id string) (*Diagnosis, error) {
	found := &Diagnosis{DatasetID: id, LogHits: s.hits.count(id), SuggestedFix: FixUnknown}
	err := s.Blobs.List(ctx, dataFolder(id), func(info blob.Info) error {
		if strings.HasSuffix(info.Key, ".parquet") {
			found.ObjectExists, found.SuggestedFix = true, FixRegister
		}
		return nil
	})
	if err != nil {
		return nil, core.Internal("list files", err)
	}
	gone, err := s.Store.Datasets.Deleted(ctx, id)
	if err != nil {
		return nil, core.Internal("read deleted dataset", err)
	}
	if gone != nil && gone.Restorable(s.cfg.Now()) {
		found.SuggestedFix = FixRestore
	}
	return found, nil
}

// newest is the record of a dataset's newest version; nil where there is none.
func (s *Service) newest(ctx context.Context, d *core.Dataset) (*core.DatasetVersion, error) {
	all, err := s.Store.Datasets.Versions(ctx, d.ID)
	if err != nil {
		return nil, core.Internal("read dataset versions", err)
	}
	for _, v := range all {
		if v.Number == d.DataVersion {
			return v, nil
		}
	}
	return nil, nil
}

// allThere tells whether there are keys and every one of them has a file.
func (s *Service) allThere(ctx context.Context, keys []string) (bool, error) {
	for _, key := range keys {
		if _, err := s.Blobs.Head(ctx, key); errors.Is(err, blob.ErrNotFound) {
			return false, nil
		} else if err != nil {
			return false, core.Internal("look for file", err)
		}
	}
	return len(keys) > 0, nil
}

// RepairPath points a dataset to where its newest version says that the files are; for
// its owner and admins. VALIDATION_ERROR.not_repairable where they are not there.
func (s *Service) RepairPath(ctx context.Context, id string) (*core.Dataset, error) {
	d, err := s.Gate.RequireDataset(ctx, "input.id", id, access.Manage)
	if err != nil {
		return nil, err
	}
	if err := s.Audit.Ready(); err != nil {
		return nil, err
	}
	v, err := s.newest(ctx, d)
	if err != nil {
		return nil, err
	}
	var parts []string
	if v != nil {
		parts = v.Parts
	}
	there, err := s.allThere(ctx, parts)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, core.Invalid("input.id", "not_repairable")
	}
	d, err = s.Store.Datasets.Edit(ctx, id, 0, func(d *core.Dataset) error {
		if d.DataVersion != v.Number {
			return core.Invalid("input.id", "not_repairable") // it has new data meanwhile
		}
		d.Path, d.Parts, d.SummaryKey = v.Path, v.Parts, v.Summary
		return nil
	})
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, core.NotFound("input.id")
	}
	return d, s.Audit.RecordStrict(ctx, event(core.EventDatasetUpdated, id, map[string]string{"path": v.Path}))
}

// noteMissing logs and counts a read of a dataset that missed a file.
func (s *Service) noteMissing(ctx context.Context, d *core.Dataset, err error) {
	if core.CodeOf(err) != core.CodeSourceNotFound {
		return
	}
	s.hits.add(d.ID)
	s.Log.ErrorContext(ctx, missingFile, "dataset", d.ID, "path", d.Path, "error", err)
}

// hits remembers when files of datasets were missed, up to a limit.
type hits struct {
	mu sync.Mutex
	at map[string][]time.Time
}

func (h *hits) add(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.at[id]; !known && len(h.at) >= mostLists {
		return
	}
	h.at[id] = append(h.fresh(id), time.Now())
}

func (h *hits) count(id string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.fresh(id))
}

// fresh are the last hits of a dataset that still count.
func (h *hits) fresh(id string) []time.Time {
	list := slices.DeleteFunc(h.at[id], func(t time.Time) bool { return time.Since(t) > hitsKept })
	return list[max(0, len(list)-mostHits+1):]
}
