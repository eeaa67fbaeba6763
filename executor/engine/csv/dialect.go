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
		if width < 2 || share < bestShare {
			continue
		}
		if share > bestShare || width > bestWidth || best == ',' && decimalCommas(text) {
			best, bestShare, bestWidth = d, share, width
		}
	}
	return best
}

// evenness is the number of fields in the first record, and the share of the
// records at the beginning that have as many.
func evenness(text []byte, delimiter byte) (width int, share float64) {
	s := &scanner{text: text, classes: newClasses(delimiter)}
	total, even := 0, 0
	for total < lookRecords && s.skipBlank(min(lookBytes, len(text))) {
		fields, fault := s.record()
		total++
		if fault != nil {
			break
		}
		if total == 1 {
			width = len(fields)
		}
		if len(fields) == width {
			even++
		}
	}
	return width, float64(even) / float64(max(total, 1))
}

// decimalCommas tells whether the commas at the beginning stand between digits only.
func decimalCommas(text []byte) bool {
	for i, c := range text[:min(lookBytes, len(text))] {
		if c == ',' && (i == 0 || !isDigit(text[i-1]) || i+1 == len(text) || !isDigit(text[i+1])) {
			return false
		}
	}
	return true
}
