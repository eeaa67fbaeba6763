package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/blob"
)

const racers = 16

// together runs the function for so many racers at the same time.
func together(racers int, do func(i int)) {
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	all.Wait()
}

func (s *suite) newRace(t *testing.T) {
	for racers, size := range map[int]int{racers: 100, 4: large} {
		key := s.key(t, fmt.Sprintf("%d/object", size))
		var won []int
		var mu sync.Mutex
		together(racers, func(i int) {
			_, err := s.PutNew(t.Context(), key, bytes.NewReader(bytes.Repeat([]byte{byte(i)}, size)))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, i)
			} else {
				wantErr(t, err, blob.ErrExists)
			}
		})
		if len(won) != 1 {
			t.Fatalf("of %d racers %v won", racers, won)
		}
		s.want(t, key, bytes.Repeat([]byte{byte(won[0])}, size))
	}
}

// replaceRace: whoever reads while another replaces sees one whole body. A read
// may fail and be repeated, since not every server changes an object's body and
// its checksum at one stroke.
func (s *suite) replaceRace(t *testing.T) {
	key := s.key(t, "object")
	s.put(t, key, "0")
	together(racers, func(i int) {
		for round := range 10 {
			if i == 0 {
				body := strings.Repeat(string(rune('a'+round)), 1+round*49999)
				if _, err := s.Put(t.Context(), key, strings.NewReader(body)); err != nil {
					t.Error(err)
				}
			} else if err := s.readWhole(t, key); err != nil {
				t.Error(err)
			}
		}
	})
}

func (s *suite) readWhole(t *testing.T, key string) error {
	return settle(t.Context(), func() error {
		r, info, err := s.Get(t.Context(), key)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		if int64(len(body)) != info.Bytes || len(bytes.Trim(body, string(body[:1]))) > 0 {
			t.Errorf("a mixed body of %d bytes, told %d", len(body), info.Bytes)
		}
		return nil
	})
}

// settle tries until the function succeeds.
func settle(ctx context.Context, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

// deleteRace: what others delete beside it never takes an object along, nor
// hinders it.
func (s *suite) deleteRace(t *testing.T) {
	kept := s.key(t, "folder/kept")
	s.put(t, kept, "x")
	together(racers, func(i int) {
		key := s.key(t, fmt.Sprintf("folder/%d", i))
		for range 10 {
			_, putErr := s.PutNew(t.Context(), key, strings.NewReader("x"))
			_, headErr := s.Head(t.Context(), key)
			if err := errors.Join(putErr, headErr, s.Delete(t.Context(), key)); err != nil {
				t.Error(err)
			}
		}
	})
	wantKeys(t, s.list(t, s.key(t, "")), []string{kept})
}
