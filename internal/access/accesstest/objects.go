package accesstest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/karuta-bi/karuta/internal/blob"
)

// Objects are buckets in memory that people import from.
type Objects struct {
	Looked func() // is called after each Head, before anything is read; nil: nothing

	mu     sync.Mutex
	held   map[string]foreign
	states int
}

type foreign struct{ text, etag string }

// NewObjects makes buckets without objects.
func NewObjects() *Objects { return &Objects{held: map[string]foreign{}} }

// Fill puts an object into a bucket, in a new state.
func (o *Objects) Fill(bucket, key, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states++
	o.held[bucket+"/"+key] = foreign{text, fmt.Sprint("state ", o.states)}
}

// Empty removes an object.
func (o *Objects) Empty(bucket, key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.held, bucket+"/"+key)
}

// Head tells what is known of an object.
func (o *Objects) Head(_ context.Context, bucket, key string) (blob.ForeignInfo, error) {
	found, ok := o.find(bucket, key)
	if o.Looked != nil {
		o.Looked()
	}
	if !ok {
		return blob.ForeignInfo{}, blob.ErrNotFound
	}
	return blob.ForeignInfo{Bytes: int64(len(found.text)), ETag: found.etag}, nil
}

// Open reads an object in one state.
func (o *Objects) Open(_ context.Context, bucket, key, etag string) (io.ReadCloser, error) {
	found, ok := o.find(bucket, key)
	switch {
	case !ok:
		return nil, blob.ErrNotFound
	case found.etag != etag:
		return nil, blob.ErrChanged
	}
	return io.NopCloser(strings.NewReader(found.text)), nil
}

func (o *Objects) find(bucket, key string) (foreign, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	found, ok := o.held[bucket+"/"+key]
	return found, ok
}
