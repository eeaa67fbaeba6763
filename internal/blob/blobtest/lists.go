package blobtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/blob"
)

// putAll writes small objects, several at a time.
func (s *suite) putAll(t *testing.T, names []string) (keys []string) {
	t.Helper()
	keys = make([]string, len(names))
	var all sync.WaitGroup
	for first := range racers {
		all.Go(func() {
			for i := first; i < len(names); i += racers {
				keys[i] = s.key(t, names[i])
				if _, err := s.Put(t.Context(), keys[i], strings.NewReader(names[i])); err != nil {
					t.Errorf("put %s: %v", keys[i], err)
				}
			}
		})
	}
	all.Wait()
	slices.Sort(keys)
	return keys
}

func wantKeys(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func (s *suite) listOrder(t *testing.T) {
	wantKeys(t, s.list(t, s.key(t, "")), nil)
	keys := s.putAll(t, []string{
		"a/b", "a/b-c", "a/b.c", "a/bb", "a/b0/x", "a-b", "a.b", "a0", "aa", "A", "Z/z/z", "a-/b", "a./b", "a_/b-/c",
		"z/y/x/w/v", "z/y/x/w-v", "z/y/x-w", "z/y-x", "z-y", "-", "0", "00", "_", "10", "9", "v000001/part-0000", "v000001-ab/part-0000",
	})
	wantKeys(t, s.list(t, s.key(t, "")), keys)
	if err := s.List(t.Context(), s.key(t, ""), func(info blob.Info) error {
		wantInfo(t, info, info.Key, len(strings.TrimPrefix(info.Key, s.key(t, ""))))
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func (s *suite) listPrefix(t *testing.T) {
	keys := s.putAll(t, []string{"ab/c", "ab/cd/e", "ab/cd/ee", "ab-c", "abc", "b/ab", "..b"})
	for _, prefix := range []string{
		"", "a", "ab", "ab/", "ab/c", "ab/cd", "ab/cd/", "ab/cd/e", "ab/cd/e/", "ab-", "abcd", "abc/", "b", "c", ".", "..", "none/none/none",
	} {
		prefix = s.key(t, prefix)
		var want []string
		for _, key := range keys {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		wantKeys(t, s.list(t, prefix), want)
	}
	if all := s.list(t, ""); !slices.IsSorted(all) || !slices.Contains(all, keys[0]) {
		t.Errorf("the list of all %d objects is out of order or lacks ours", len(all))
	}
}

func (s *suite) listStops(t *testing.T) {
	keys := s.putAll(t, []string{"1", "2/2", "3/3/3", "4"})
	stop := errors.New("enough")
	for n := range keys {
		var got []string
		err := s.List(t.Context(), s.key(t, ""), func(info blob.Info) error {
			if got = append(got, info.Key); len(got) > n {
				return stop
			}
			return nil
		})
		if err != stop {
			t.Errorf("error is %v", err)
		}
		wantKeys(t, got, keys[:n+1])
	}
}

// listDeleting: whoever walks may delete what is shown.
func (s *suite) listDeleting(t *testing.T) {
	keys := s.putAll(t, []string{"1", "2/a", "2/b", "3/a/a", "3/a/b", "4"})
	var got []string
	err := s.List(t.Context(), s.key(t, ""), func(info blob.Info) error {
		got = append(got, info.Key)
		return s.Delete(t.Context(), info.Key)
	})
	if err != nil {
		t.Error(err)
	}
	wantKeys(t, got, keys)
	wantKeys(t, s.list(t, s.key(t, "")), nil)
}

// listMany is more than a service tells in one answer.
func (s *suite) listMany(t *testing.T) {
	var names []string
	for i := range 1050 {
		names = append(names, fmt.Sprintf("%d/%d", i%7, i))
	}
	keys := s.putAll(t, names)
	wantKeys(t, s.list(t, s.key(t, "")), keys)
	wantKeys(t, s.list(t, keys[1000]), keys[1000:1001])
}
