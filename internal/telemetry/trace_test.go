package telemetry

import (
	"regexp"
	"strings"
	"testing"
)

// LOG-5: only what is safe in a header, a log and a table is taken.
func TestAcceptRequestID(t *testing.T) {
	for _, good := range []string{"12345678", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "Root=1-67891233-abcdef012345678912345678", strings.Repeat("a", 128)} {
		if got := AcceptRequestID(good); got != good {
			t.Errorf("%q became %q", good, got)
		}
	}
	made := regexp.MustCompile(`^[0-9a-f]{32}$`)
	seen := map[string]bool{}
	for _, bad := range []string{
		"", "short", strings.Repeat("a", 129), strings.Repeat("a", 1<<20), "with space", "-begins-wrong", "line\nbreak1", "12345678\n", "quote\"quote",
		"日本語日本語日本語", "<script>alert</script>", "a/../../etc/passwd", "12345678\x00", "taro@example.com", "12345678\u202e",
	} {
		got := AcceptRequestID(bad)
		if !made.MatchString(got) || seen[got] {
			t.Errorf("%q became %q", bad, got)
		}
		seen[got] = true
	}
}

func TestAcceptTraceID(t *testing.T) {
	const id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for header, want := range map[string]string{
		"00-" + id + "-" + parent + "-01":                      id,
		"cc-" + id + "-" + parent + "-01-what the future":      id,
		"00-" + id + "-" + parent + "-01-more":                 "",
		"ff-" + id + "-" + parent + "-01":                      "",
		"00-" + strings.Repeat("0", 32) + "-" + parent + "-01": "",
		"00-" + id + "-" + strings.Repeat("0", 16) + "-01":     "",
		"00-" + strings.ToUpper(id) + "-" + parent + "-01":     "",
		"00-" + id + "-" + parent + "-01\n":                    "",
		"":                                                     "",
		id:                                                     "",
	} {
		if got := AcceptTraceID(header); got != want {
			t.Errorf("%q is %q, want %q", header, got, want)
		}
	}
}
