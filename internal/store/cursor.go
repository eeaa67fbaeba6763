package store

import (
	"encoding/base64"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
)

// nameCursor is the cursor of a list that runs by name: id and folded name.
// A forged one only starts the same list elsewhere.
func nameCursor(id, folded string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(id + "\x00" + folded))
}

func splitNameCursor(cursor string, noun core.Noun) (id, folded string, err error) {
	raw, decodeErr := base64.RawURLEncoding.DecodeString(cursor)
	id, folded, found := strings.Cut(string(raw), "\x00")
	n, ok := core.NounOf(id)
	if decodeErr != nil || !found || !ok || n != noun || folded == "" || len(folded) > 800 {
		return "", "", core.Invalid("after", "bad_cursor")
	}
	return id, folded, nil
}
