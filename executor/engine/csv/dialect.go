package csv

const (
	lookBytes   = 256 << 10
	lookRecords = 200
)

var delimiters = []byte{',', ';', '\t', '|'}

// delimiterOf is the one that was named, else the one that cuts the first records most evenly.
func delimiterOf(text []byte, named string) (byte, *Fault) {
	if named == `\t` {
		named = "\t"
	}
	if named == "" {
		return findDelimiter(text), nil
	}
	if len(named) != 1 || named[0] >= 0x80 || named[0] == '"' || named[0] == '\n' || named[0] == '\r' || named[0] == 0 {
		return 0, optionFault("bad_value", nil)
	}
	return named[0], nil
}

func findDelimiter(text []byte) byte {
	best, bestShare, bestWidth := delimiters[0], 0.0, 0
	for _, d := range delimiters {
		width, share := evenness(text, d)
		if width > 1 && (share > bestShare || share == bestShare && width > bestWidth) {
			best, bestShare, bestWidth = d, share, width
		}
	}
	return best
}

// evenness is the commonest number of fields in the first records, and the share of the
// records that have it.
func evenness(text []byte, delimiter byte) (width int, share float64) {
	s := &scanner{text: text, classes: newClasses(delimiter)}
	counts := map[int]int{}
	total := 0
	for total < lookRecords && s.skipBlank(min(lookBytes, len(text))) {
		fields, fault := s.record()
		total++
		if fault != nil {
			break
		}
		counts[len(fields)]++
	}
	for w, n := range counts {
		if n > counts[width] || n == counts[width] && w > width {
			width = w
		}
	}
	return width, float64(counts[width]) / float64(max(total, 1))
}
