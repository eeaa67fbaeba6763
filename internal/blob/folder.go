package blob

import (
	"context"
	"errors"
	"io"
)

var errStub = errors.ErrUnsupported

// Folder keeps objects as files below one directory. A key cannot be the
// folder of another key.
type Folder struct{}

var _ Store = (*Folder)(nil)

// OpenFolder opens the directory and creates it where it does not exist.
func OpenFolder(dir string) (*Folder, error) { return nil, errStub }

// Put implements [Store].
func (f *Folder) Put(ctx context.Context, key string, r io.Reader) (Info, error) {
	return Info{}, errStub
}

// PutNew implements [Store].
func (f *Folder) PutNew(ctx context.Context, key string, r io.Reader) (Info, error) {
	return Info{}, errStub
}

// Get implements [Store].
func (f *Folder) Get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	return nil, Info{}, errStub
}

// Head implements [Store].
func (f *Folder) Head(ctx context.Context, key string) (Info, error) { return Info{}, errStub }

// Delete implements [Store].
func (f *Folder) Delete(ctx context.Context, key string) error { return errStub }

// List implements [Store].
func (f *Folder) List(ctx context.Context, prefix string, each func(Info) error) error {
	return errStub
}

// Local implements [Store].
func (f *Folder) Local(ctx context.Context, key string) (string, func(), error) {
	return "", nil, errStub
}

// Close releases the directory.
func (f *Folder) Close() error { return errStub }
