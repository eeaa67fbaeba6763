package records

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// What the texts that cells share may take in memory.
const (
	maxSharedBytes = 512 << 20
	maxShared      = 20 << 20
)

// sharedStrings are the texts that the cells of a workbook refer to by number.
type sharedStrings struct{ texts []string }

// at is the text of a number.
func (s *sharedStrings) at(index string) (string, bool) {
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(s.texts) {
		return "", false
	}
	return s.texts[i], true
}

func (b *workbook) sharedStrings(part string) (*sharedStrings, error) {
	s := &sharedStrings{}
	if part == "" {
		return s, nil
	}
	in, err := b.open(part)
	if err != nil {
		return nil, err
	}
	defer in.close()
	size := 0
	for {
		token, err := in.token()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		if e, ok := token.(xml.StartElement); !ok || e.Name.Local != "si" {
			continue
		}
		text, err := in.texts("si")
		if err != nil {
			return nil, err
		}
		s.texts = append(s.texts, text)
		if size += len(text); size > maxSharedBytes || len(s.texts) > maxShared {
			return nil, FormatFault("unreadable")
		}
	}
}

// unescape reads the characters that XML cannot hold, which Excel writes _x000D_.
func unescape(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	var out strings.Builder
	for {
		at := strings.Index(text, "_x")
		if at < 0 {
			out.WriteString(text)
			return out.String()
		}
		code, ok := escaped(text[at:])
		if !ok {
			out.WriteString(text[:at+2])
			text = text[at+2:]
			continue
		}
		out.WriteString(text[:at])
		if code != 0 {
			out.WriteRune(code)
		}
		text = text[at+len("_x000D_"):]
	}
}

func escaped(text string) (rune, bool) {
	if len(text) < len("_x000D_") || text[6] != '_' {
		return 0, false
	}
	code, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(code), err == nil
}
