package server_test

import (
	"bytes"
	"context"
	"io"
	"sync"

	"github.com/karuta-bi/karuta/internal/blob"
)

// shelf keeps objects in memory: what cards' results need, and no more.
type shelf struct {
	blob.Store
	objects sync.Map
}

func (s *shelf) Put(_ context.Context, key string, r io.Reader) (blob.Info, error) {
	body, err := io.ReadAll(r)
	s.objects.Store(key, body)
	return blob.Info{Key: key}, err
}

func (s *shelf) PutNew(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	if _, there := s.objects.Load(key); there {
		return blob.Info{}, blob.ErrExists
	}
	return s.Put(ctx, key, r)
}

func (s *shelf) Get(_ context.Context, key string) (io.ReadCloser, blob.Info, error) {
	body, there := s.objects.Load(key)
	if !there {
		return nil, blob.Info{}, blob.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(body.([]byte))), blob.Info{Key: key}, nil
}
