package server

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// exportTimeout is how long a file may take, from the wish for it to its last byte.
	exportTimeout = 45 * time.Minute
	// exportStall is how long a reader may take for exportBlock bytes.
	exportStall = time.Minute
	exportBlock = 256 << 10
)

// exported sends the file behind a signed address. Whoever reads too slowly, or
// leaves, ends the work for it; a file that breaks off ends the connection.
func (s *server) exported(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.ContentLength != 0 { // nothing else is worth the file
		s.unknownPath(w, r)
		return
	}
	allow(w, exportTimeout)
	file, err := s.Resolver.Services.Cards.OpenExport(r.Context(), r.PathValue("token"))
	if err != nil {
		writeProblem(w, r, s.engine.known(r.Context(), err, ""))
		return
	}
	defer file.Close()
	h := w.Header()
	h.Set("Content-Type", file.Type)
	h.Set("Content-Length", strconv.FormatInt(file.Bytes, 10))
	h.Set("Content-Disposition", attachment(file.Name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	control := http.NewResponseController(w)
	for err == nil {
		_ = control.SetWriteDeadline(time.Now().Add(exportStall)) // tests' writers have no deadlines
		_, err = io.CopyN(w, file, exportBlock)
	}
	if !errors.Is(err, io.EOF) {
		panic(http.ErrAbortHandler)
	}
}

// attachment names a file to be saved (RFC 6266): in UTF-8, and for old programs in
// letters of ASCII.
func attachment(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\%`, r) {
			return '_'
		}
		return r
	}, name)
	full := mime.FormatMediaType("attachment", map[string]string{"filename": name})
	if plain == name {
		return full
	}
	return `attachment; filename="` + plain + `"` + strings.TrimPrefix(full, "attachment")
}
