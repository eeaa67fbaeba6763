package supervisor

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
)

// librariesOf names the interpreter and every library beside it by a digest of
// their versions: what a run answers may change with each of them.
func librariesOf(python string) string {
	found, _ := filepath.Glob(filepath.Join(prefixOf(python), "lib", "python3*", "site-packages", "*.dist-info")) // the pattern is well formed
	h := sha256.New()
	h.Write([]byte(filepath.Base(python)))
	for _, path := range found { // sorted by Glob
		h.Write([]byte("\n" + strings.TrimSuffix(filepath.Base(path), ".dist-info")))
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
