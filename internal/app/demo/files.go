package demo

import (
	"compress/gzip"
	"embed"
	"io"
)

//go:embed data/*.csv.gz
var data embed.FS

//go:embed cards/*.py cards/*.html
var code embed.FS

// openTable unpacks the CSV of a table while it is read.
func openTable(file string) (io.Reader, error) {
	packed, err := data.Open("data/" + file + ".csv.gz")
	if err != nil {
		return nil, err
	}
	return gzip.NewReader(packed)
}

// source is the code of a card, or the HTML of a note.
func (p picture) source() (string, error) {
	extension := ".py"
	if p.dataset == "" {
		extension = ".html"
	}
	text, err := code.ReadFile("cards/" + p.file + extension)
	return string(text), err
}
