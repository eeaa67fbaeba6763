package card

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	resultsFolder = "results/"
	// resultsKept is how long a result may stand in while the executor is away.
	resultsKept = 7 * 24 * time.Hour
)

// results keeps card results: the newest in memory, all of them in the blob
// store, where other processes find them too. A kept result is never changed.
type results struct {
	blobs  blob.Store
	budget int64

	mu     sync.Mutex
	bytes  int64
	memory *simplelru.LRU[string, *core.CardResult]
}

func newResults(blobs blob.Store, budget int64) *results {
	r := &results{blobs: blobs, budget: budget}
	evicted := func(_ string, old *core.CardResult) { r.bytes -= weight(old) }
	r.memory, _ = simplelru.NewLRU(1<<20, evicted) // fails for sizes below 1 only
	return r
}

// weight is about what a result takes in memory.
func weight(r *core.CardResult) int64 { return int64(len(r.HTML)+len(r.Log)) + 1024 }

// get finds a result, nil when there is none or it cannot be read.
func (r *results) get(ctx context.Context, key string) *core.CardResult {
	r.mu.Lock()
	found, ok := r.memory.Get(key)
	r.mu.Unlock()
	if ok {
		return found
	}
	found, err := readJSON[core.CardResult](ctx, r.blobs, resultsFolder+key)
	if err != nil {
		return nil
	}
	r.remember(found)
	return found
}

// newest finds the youngest result of a slot, nil when there is none.
func (r *results) newest(ctx context.Context, slot string) *core.CardResult {
	var last blob.Info
	err := r.blobs.List(ctx, resultsFolder+slot+"/", func(info blob.Info) error {
		if info.Modified.After(last.Modified) {
			last = info
		}
		return nil
	})
	if err != nil || last.Key == "" {
		return nil
	}
	found, err := readJSON[core.CardResult](ctx, r.blobs, last.Key)
	if err != nil {
		return nil
	}
	return found
}

// readJSON reads what putJSON kept.
func readJSON[T any](ctx context.Context, blobs blob.Store, key string) (*T, error) {
	body, _, err := blobs.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	found := new(T)
	return found, json.NewDecoder(body).Decode(found)
}

func putJSON(ctx context.Context, blobs blob.Store, key string, value any) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return err
	}
	_, err := blobs.Put(ctx, key, &body)
	return err
}

// put keeps a result under its own key.
func (r *results) put(ctx context.Context, result *core.CardResult) error {
	r.remember(result)
	return putJSON(ctx, r.blobs, resultsFolder+result.Key, result)
}

func (r *results) remember(result *core.CardResult) {
	if weight(result) > r.budget {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.memory.Remove(result.Key)
	r.memory.Add(result.Key, result)
	for r.bytes += weight(result); r.bytes > r.budget; {
		r.memory.RemoveOldest()
	}
}

// Sweep removes the results, snapshots and plans of exports that are too old to be
// of use. Call it now and then.
func (s *Service) Sweep(ctx context.Context) error {
	return errors.Join(s.sweep(ctx, resultsFolder, resultsKept), s.sweep(ctx, snapshotsFolder, snapshotsKept), s.sweep(ctx, exportsFolder, exportKept))
}

func (s *Service) sweep(ctx context.Context, folder string, kept time.Duration) error {
	return blob.Sweep(ctx, s.Blobs, folder, func(info blob.Info) bool { return time.Since(info.Modified) > kept })
}
