package executor

import (
	"crypto/sha256"
	"slices"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// wholeKept is how many cards are remembered that want all columns.
const wholeKept = 10_000

// needs are the columns that are read for a card and, of them, those that it is
// given; nil is all that are seen.
type needs struct{ read, given []string }

// needs guesses by the code and its parameters what it will ask for. Cards of a page ask for the same
// columns to be read, so that one slice serves them all.
func (s *server) needs(req client.CardRequest) needs {
	seen := req.Source.Seen()
	given := client.NamedColumns(req.Code+"\n"+string(req.Params), seen)
	if len(given) == len(seen) || s.whole.Contains(codeOf(req)) {
		return needs{}
	}
	read := namesOf(seen, func(c core.Column) bool {
		return slices.Contains(given, c.Name) || slices.Contains(req.Beside, c.Name)
	})
	if len(read) == 0 { // its rows are counted
		read = namesOf(seen[:1], func(core.Column) bool { return true })
	}
	return needs{read, given}
}

func namesOf(columns []core.Column, wanted func(core.Column) bool) []string {
	var names []string
	for _, c := range columns {
		if wanted(c) {
			names = append(names, c.Name)
		}
	}
	return names
}

// codeOf names the code of a card over a dataset.
func codeOf(req client.CardRequest) string {
	sum := sha256.Sum256([]byte(req.Source.DatasetID + "\x00" + req.Code))
	return string(sum[:])
}
