package engine

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
)

const bigColumns = 50

var (
	prefectures = []string{"東京都", "大阪府", "北海道", "福岡県", "愛知県", "京都府", "沖縄県", "神奈川県"}
	segments    = []string{"個人", "法人", "官公庁", "学校"}
	words       = []string{"alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"}
)

// generate writes the same file for the same number of rows every time: 50 columns
// of ten kinds, with Japanese text, nulls and quoted commas, about 490 bytes a row.
func generate(path string, rows int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	for c := range bigColumns {
		if c > 0 {
			w.WriteByte(',')
		}
		fmt.Fprintf(w, "%s_%d", bigKinds[c%len(bigKinds)].name, c)
	}
	w.WriteByte('\n')
	random := rand.New(rand.NewPCG(1, 2))
	var line []byte
	for range rows {
		line = line[:0]
		for c := range bigColumns {
			if c > 0 {
				line = append(line, ',')
			}
			line = bigKinds[c%len(bigKinds)].value(line, random)
		}
		w.Write(append(line, '\n'))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// bigKinds are the ten kinds of columns, in turn.
var bigKinds = []struct {
	name  string
	value func(line []byte, r *rand.Rand) []byte
}{
	{"id", func(l []byte, r *rand.Rand) []byte { return strconv.AppendInt(l, r.Int64N(1e9), 10) }},
	{"postal", func(l []byte, r *rand.Rand) []byte { return fmt.Appendf(l, "%07d", r.IntN(1e7)) }},
	{"prefecture", func(l []byte, r *rand.Rand) []byte { return append(l, prefectures[r.IntN(len(prefectures))]...) }},
	{"amount", func(l []byte, r *rand.Rand) []byte {
		return strconv.AppendFloat(l, float64(r.IntN(1e8))/100, 'f', 2, 64)
	}},
	{"day", someDay},
	{"at", func(l []byte, r *rand.Rand) []byte {
		return fmt.Appendf(append(someDay(l, r), ' '), "%02d:%02d:%02d", r.IntN(24), r.IntN(60), r.IntN(60))
	}},
	{"segment", func(l []byte, r *rand.Rand) []byte {
		if r.IntN(10) == 0 {
			return l
		}
		return append(l, segments[r.IntN(len(segments))]...)
	}},
	{"note", func(l []byte, r *rand.Rand) []byte {
		return fmt.Appendf(l, `"%s, %s"`, words[r.IntN(len(words))], words[r.IntN(len(words))])
	}},
	{"active", func(l []byte, r *rand.Rand) []byte { return strconv.AppendBool(l, r.IntN(2) == 0) }},
	{"score", func(l []byte, r *rand.Rand) []byte {
		if r.IntN(20) == 0 {
			return append(l, "NA"...)
		}
		return strconv.AppendInt(l, int64(r.IntN(100)), 10)
	}},
}

func someDay(l []byte, r *rand.Rand) []byte {
	return fmt.Appendf(l, "%04d-%02d-%02d", 2020+r.IntN(5), 1+r.IntN(12), 1+r.IntN(28))
}
