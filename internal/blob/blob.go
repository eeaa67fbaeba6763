// Package blob keeps objects by key: uploaded files, dataset versions as
// Parquet, and card results. It has two engines with one contract suite: a
// folder and S3. Keys are immutable once written unless said otherwise; a key
// is a relative path of [A-Za-z0-9._-] segments, 512 bytes long at most and 200
// a segment, and no key is the folder of another.
package blob

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrNotFound tells that no object has the key.
var ErrNotFound = errors.New("blob: not found")

// ErrExists tells that PutNew found the key taken.
var ErrExists = errors.New("blob: exists")

// ErrBadKey tells that a key is not a relative path of plain segments.
var ErrBadKey = errors.New("blob: bad key")

// Info is what is known of an object without reading it.
type Info struct {
	Key      string
	Bytes    int64
	Modified time.Time
}

// Store keeps objects. Writes are durable when they return, and an object is
// never seen half written.
type Store interface {
	// Put writes the reader's bytes, replacing what was there.
	Put(ctx context.Context, key string, r io.Reader) (Info, error)
	// PutNew writes only where nothing was; ErrExists otherwise.
	PutNew(ctx context.Context, key string, r io.Reader) (Info, error)
	// Get opens the object for reading; ErrNotFound when there is none.
	Get(ctx context.Context, key string) (io.ReadCloser, Info, error)
	// Head tells what is known of the object.
	Head(ctx context.Context, key string) (Info, error)
	// Delete removes the object; removing what is not there is no error.
	Delete(ctx context.Context, key string) error
	// List walks the objects whose key begins with the prefix, in key order,
	// until the function returns an error.
	List(ctx context.Context, prefix string, each func(Info) error) error
	// Local gives the path of a file with the object's bytes that stays valid
	// until release is called: the file itself for a folder, a checked copy in
	// a cache for S3.
	Local(ctx context.Context, key string) (path string, release func(), err error)
}
