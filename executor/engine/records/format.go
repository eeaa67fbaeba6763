package records

import (
	"bytes"
	"io"
	"os"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	zipMark     = "PK\x03\x04"
	parquetMark = "PAR1"
	// oldOffice begins old Excel files, and new ones that have a password.
	oldOffice = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"

	headBytes = 4 << 10
)

// FormatOf tells what a file is by how it begins, unless that was named.
func FormatOf(path string, named core.FileFormat) (core.FileFormat, error) {
	if named != "" && named != core.FormatAuto {
		return named, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, headBytes))
	return guess(head), err
}

func guess(head []byte) core.FileFormat {
	switch {
	case bytes.HasPrefix(head, []byte(parquetMark)):
		return core.FormatParquet
	case bytes.HasPrefix(head, []byte(zipMark)), bytes.HasPrefix(head, []byte(oldOffice)):
		return core.FormatXLSX
	case objects(head):
		return core.FormatJSONL
	}
	return core.FormatCSV
}

// objects tells whether a text begins as JSON objects do, alone or in an array. A
// CSV file that begins so would have a stray quote.
func objects(head []byte) bool {
	text := bytes.TrimPrefix(head, []byte("\uFEFF"))
	for _, c := range []byte("[{") {
		text = bytes.TrimLeft(text, " \t\r\n")
		if len(text) > 0 && text[0] == c {
			text = text[1:]
		} else if c == '{' {
			return false
		}
	}
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && (text[0] == '"' || text[0] == '}')
}
