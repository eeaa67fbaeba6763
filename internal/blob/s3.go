package blob

import (
	"context"
	"errors"
	"io"
)

var errStub = errors.ErrUnsupported

var _ Store = (*S3)(nil)

// Put implements [Store].
func (s *S3) Put(ctx context.Context, key string, r io.Reader) (Info, error) {
	return Info{}, errStub
}

// PutNew implements [Store].
func (s *S3) PutNew(ctx context.Context, key string, r io.Reader) (Info, error) {
	return Info{}, errStub
}

// Get implements [Store].
func (s *S3) Get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	return nil, Info{}, errStub
}

// Head implements [Store].
func (s *S3) Head(ctx context.Context, key string) (Info, error) { return Info{}, errStub }

// Delete implements [Store].
func (s *S3) Delete(ctx context.Context, key string) error { return errStub }

// List implements [Store].
func (s *S3) List(ctx context.Context, prefix string, each func(Info) error) error {
	return errStub
}

// Local implements [Store].
func (s *S3) Local(ctx context.Context, key string) (string, func(), error) {
	return "", nil, errStub
}

// Close releases the directory.
func (s *S3) Close() error { return errStub }
