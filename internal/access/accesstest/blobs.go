package accesstest

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/karuta-bi/karuta/internal/blob"
)

// Blobs is a blob store in memory.
type Blobs struct {
	mu   sync.Mutex
	held map[string]object
}

type object struct {
	bytes    []byte
	modified time.Time
}

var _ blob.Store = (*Blobs)(nil)

// NewBlobs makes an empty store.
func NewBlobs() *Blobs { return &Blobs{held: map[string]object{}} }

// Keys are the keys of all objects, sorted.
func (b *Blobs) Keys() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	keys := []string{}
	for k := range b.held {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Age makes every object older.
func (b *Blobs) Age(by time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k, o := range b.held {
		o.modified = o.modified.Add(-by)
		b.held[k] = o
	}
}

// Put implements [blob.Store].
func (b *Blobs) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return blob.Info{}, err
	}
	if err := ctx.Err(); err != nil {
		return blob.Info{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	o := object{raw, time.Now()}
	b.held[key] = o
	return info(key, o), nil
}

// PutNew implements [blob.Store].
func (b *Blobs) PutNew(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	if _, err := b.Head(ctx, key); err == nil {
		return blob.Info{}, blob.ErrExists
	}
	return b.Put(ctx, key, r)
}

// Get implements [blob.Store].
func (b *Blobs) Get(_ context.Context, key string) (io.ReadCloser, blob.Info, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.held[key]
	if !ok {
		return nil, blob.Info{}, blob.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(o.bytes)), info(key, o), nil
}

// Head implements [blob.Store].
func (b *Blobs) Head(ctx context.Context, key string) (blob.Info, error) {
	_, found, err := b.Get(ctx, key)
	return found, err
}

// Delete implements [blob.Store].
func (b *Blobs) Delete(_ context.Context, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.held, key)
	return nil
}

// List implements [blob.Store].
func (b *Blobs) List(ctx context.Context, prefix string, each func(blob.Info) error) error {
	for _, key := range b.Keys() {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		found, err := b.Head(ctx, key)
		if err == nil {
			err = each(found)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Local implements [blob.Store]; there are no files here.
func (b *Blobs) Local(context.Context, string) (string, func(), error) {
	return "", nil, blob.ErrNotFound
}

func info(key string, o object) blob.Info {
	return blob.Info{Key: key, Bytes: int64(len(o.bytes)), Modified: o.modified}
}
