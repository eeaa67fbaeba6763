package blobtest

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/blob"
)

func (s *suite) keys(t *testing.T) {
	long := strings.Repeat("k", 200)
	longest := strings.Repeat(long[:99]+"/", 5) + long
	for _, name := range []string{
		"...", "..a", "a..", ".hidden", "-", "_", "-rf", "A/a/B", "0", "a.b-c_d.parquet", "con", "nul.txt",
		long, longest[:512-len(s.key(t, ""))],
	} {
		key := s.key(t, name)
		s.put(t, key, name)
		s.want(t, key, []byte(name))
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %.40s: %v", name, err)
		}
	}
}

func (s *suite) badKeys(t *testing.T) {
	good := s.key(t, "good")
	s.put(t, good, "x")
	for _, bad := range []string{
		"", ".", "..", "/", "//", "a/", "/a", "a//b", "./a", "a/./b", "a/.", "../a", "a/../b", "a/..", "../../../../etc/passwd",
		"/etc/passwd", "a\x00b", "a\x00", "a\nb", "a b", "a\tb", `a\b`, `..\a`, "C:", "a:b", "~", "~work", "a*", "a?b", "a%2fb", "%2e%2e/a",
		"カード", "é", "a\u202eb", "a\u200bb", "\xff", "a/\xc0\xaf/b", "𠮷", "a\"b", "a'b", "a+b", "a=b", "a&b", "a#b", "a@b", "<a>",
		strings.Repeat("k", 201), strings.Repeat("k/", 256) + "k", strings.Repeat("k", 1<<20), good + "/", good + "/../good",
	} {
		for name, call := range s.calls(t.Context(), bad) {
			if err := call(); err == nil {
				t.Errorf("%s took the key %.40q", name, bad)
			} else {
				wantErr(t, err, blob.ErrBadKey)
			}
		}
	}
	s.want(t, good, []byte("x"))
	if all := s.list(t, s.key(t, "")); len(all) != 1 {
		t.Errorf("there are %q", all)
	}
}

// calls are all calls on one key. A reader must not even be asked.
func (s *suite) calls(ctx context.Context, key string) map[string]func() error {
	return map[string]func() error{
		"Put": func() error {
			_, err := s.Put(ctx, key, unread{})
			return err
		},
		"PutNew": func() error {
			_, err := s.PutNew(ctx, key, unread{})
			return err
		},
		"Get": func() error {
			r, _, err := s.Get(ctx, key)
			if err == nil {
				_ = r.Close()
			}
			return err
		},
		"Head": func() error {
			_, err := s.Head(ctx, key)
			return err
		},
		"Delete": func() error { return s.Delete(ctx, key) },
		"Local": func() error {
			_, release, err := s.Local(ctx, key)
			if err == nil {
				release()
			}
			return err
		},
	}
}

type unread struct{}

func (unread) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (s *suite) badPrefixes(t *testing.T) {
	for _, bad := range []string{
		"/", "//", "/a", "../", "./", "a/../", "a//", "a//b", "a\x00", "カ", "a b", "~", "~work/", `a\`, "a*", strings.Repeat("k", 513),
	} {
		err := s.List(t.Context(), bad, func(info blob.Info) error {
			t.Errorf("prefix %q shows %s", bad, info.Key)
			return io.EOF
		})
		wantErr(t, err, blob.ErrBadKey)
	}
}
