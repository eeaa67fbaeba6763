package csv

import (
	"fmt"
	"strings"
	"testing"
)

func TestPartCount(t *testing.T) {
	for _, c := range []struct{ megabytes, cores, want int }{
		{0, 1, 1}, {0, 0, 1}, {15, 8, 1}, {16, 1, 1}, {16, 2, 2}, {16, 0, 1}, {65, 1, 2}, {100, 4, 4}, {490, 2, 8}, {490, 3, 9},
	} {
		if got := partCount(c.megabytes<<20, c.cores); got != c.want {
			t.Errorf("%d MB on %d cores: %d, want %d", c.megabytes, c.cores, got, c.want)
		}
	}
}

func TestCutsLieBetweenRecords(t *testing.T) {
	text := "a,b\n" + strings.Repeat("1,\"x\n\"\"\ny\"\r\n", 1000)
	offsets := cuts([]byte(text), 4, 9)
	if len(offsets) != 9 || offsets[0] != 4 {
		t.Fatal(offsets)
	}
	for i, at := range offsets {
		if !strings.HasPrefix(text[at:], "1,") || i > 0 && at <= offsets[i-1] {
			t.Errorf("%d: %q", at, text[at:at+8])
		}
	}
}

// A file large enough is read in parts without being asked.
func TestLargeFile(t *testing.T) {
	var text strings.Builder
	text.WriteString("id,note\n")
	rows := int64(0)
	for ; text.Len() < smallPart+100; rows++ {
		fmt.Fprintf(&text, "%d,\"%s\n\"\"東京\"\"\"\n", rows, strings.Repeat("x", 90))
	}
	r := scanned(t, text.String(), Options{Cores: 2})
	if len(r.Parts) != 2 || r.Rows != rows || r.Parts[0].Rows+r.Parts[1].Rows != rows || r.Parts[0].Rows < rows/3 {
		t.Errorf("%d rows in %+v", r.Rows, r.Parts)
	}
	f := faulty(t, text.String()+"1\n", Options{Cores: 2})
	if f.Reason != "ragged" || f.Line != 2+2*rows || f.Offset != int64(text.Len()) {
		t.Errorf("%v, want line %d", f, 2+2*rows)
	}
}
