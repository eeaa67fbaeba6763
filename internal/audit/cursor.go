package audit

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// lastMillisecond is the end of the year 9999.
var lastMillisecond = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).UnixMilli()

// lastID is after every other id in the order of ids.
var lastID = string(core.NounAudit) + "_" + strings.Repeat("f", 32)

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// parseCursor reads a cursor strictly; "" is the start. A forged one that is
// well formed only starts the same list elsewhere.
func parseCursor(cursor string) (position, error) {
	if cursor == "" {
		return position{ms: lastMillisecond + 1}, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	number, id, found := strings.Cut(string(raw), ".")
	ms, numberErr := strconv.ParseInt(number, 10, 64)
	noun, ok := core.NounOf(id)
	if err != nil || !found || numberErr != nil || ms < 0 || ms > lastMillisecond || !ok || noun != core.NounAudit {
		return position{}, core.Invalid("after", "bad_cursor")
	}
	return position{ms, id}, nil
}
