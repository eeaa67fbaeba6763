package blob

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"
)

const (
	maxKey     = 512 // bytes; S3 takes 1024
	maxSegment = 200 // bytes; file systems take 255
	maxEnding  = 16
)

// checkKey tells with [ErrBadKey] what is wrong with a key.
func checkKey(key string) error {
	if len(key) > maxKey {
		return fmt.Errorf("%w: %d bytes, more than %d", ErrBadKey, len(key), maxKey)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." || len(segment) > maxSegment || !plain(segment) {
			return fmt.Errorf("%w: %q", ErrBadKey, key)
		}
	}
	return nil
}

// checkPrefix tells whether any key can begin with the prefix. The last
// segment may be cut short anywhere.
func checkPrefix(prefix string) error {
	folder, last := splitPrefix(prefix)
	if len(prefix) > maxKey || len(last) > maxSegment || !plain(last) {
		return fmt.Errorf("%w: prefix of %d bytes", ErrBadKey, len(prefix))
	}
	if folder == "" && !strings.HasPrefix(prefix, "/") {
		return nil
	}
	return checkKey(folder)
}

// splitPrefix parts a prefix into whole segments and the start of one more.
func splitPrefix(prefix string) (folder, last string) {
	i := strings.LastIndexByte(prefix, '/')
	return prefix[:max(i, 0)], prefix[i+1:]
}

// endingOf is the key's ending for a name of another file with its bytes, since
// readers go by the ending.
func endingOf(key string) string {
	if ending := path.Ext(key); len(ending) <= maxEnding {
		return ending
	}
	return ""
}

func plain(segment string) bool {
	for _, c := range []byte(segment) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// contextReader ends with the context, between two reads.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
