package csv

import "bytes"

const (
	smallPart = 16 << 20 // texts below are not worth a second core
	largePart = 64 << 20
)

// partCount is how many parts a text of so many bytes is cut into: enough for every
// core, and never so large that one of them needs much memory to load.
func partCount(size, cores int) int {
	if size < smallPart || cores < 1 {
		return max(1, (size+largePart-1)/largePart)
	}
	n := (size + largePart - 1) / largePart
	return (n + cores - 1) / cores * cores
}

// cuts are offsets at which records begin, the first being from. Whether a place
// lies within quotes follows from the number of quotes before it; a stray quote can
// make that wrong, which is noticed when the part before ends elsewhere.
func cuts(text []byte, from, n int) []int {
	offsets := []int{from}
	size := (len(text) - from) / n
	quotes, counted := 0, from
	for i := 1; i < n; i++ {
		at := from + i*size
		quotes += bytes.Count(text[counted:at], []byte{'"'})
		counted = at
		next := recordStart(text, at, quotes%2 == 1)
		if next > offsets[len(offsets)-1] && next < len(text) {
			offsets = append(offsets, next)
		}
	}
	return offsets
}

// recordStart is the beginning of the first record after an offset.
func recordStart(text []byte, at int, inQuotes bool) int {
	for i := at; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inQuotes = !inQuotes
		case inQuotes:
		case c == '\n', c == '\r' && (i+1 == len(text) || text[i+1] != '\n'):
			return i + 1
		}
	}
	return len(text)
}
