package blob

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/testkit"
)

// An object of somebody else's is read in the state that was looked at, or not at all.
func TestForeign(t *testing.T) {
	server := testkit.S3(t)
	s := openS3(t, options(t, server), &wire{})
	o := options(t, server)
	o.Bucket = ""
	f, err := OpenForeign(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	put := func(text string) ForeignInfo {
		t.Helper()
		if _, err := s.Put(t.Context(), "a/sales.csv", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		info, err := f.Head(t.Context(), server.Bucket, "a/sales.csv")
		if err != nil || info.Bytes != int64(len(text)) || info.ETag == "" {
			t.Fatalf("got %+v, %v", info, err)
		}
		return info
	}
	old := put("地域")
	body, err := f.Open(t.Context(), server.Bucket, "a/sales.csv", old.ETag)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(body); err != nil || string(text) != "地域" || body.Close() != nil {
		t.Errorf("read %q, %v", text, err)
	}
	put("地域\n関東")
	if _, err := f.Open(t.Context(), server.Bucket, "a/sales.csv", old.ETag); !errors.Is(err, ErrChanged) {
		t.Errorf("after a change: %v", err)
	}
	for _, place := range [][2]string{{server.Bucket, "a/none.csv"}, {"no-such-bucket", "a/sales.csv"}} {
		if _, err := f.Head(t.Context(), place[0], place[1]); !errors.Is(err, ErrNotFound) {
			t.Errorf("%v: %v", place, err)
		}
		if _, err := f.Open(t.Context(), place[0], place[1], old.ETag); !errors.Is(err, ErrNotFound) {
			t.Errorf("%v: %v", place, err)
		}
	}
}
