package records

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/karuta-bi/karuta/executor/engine/csv"
)

// maxToken is how long a tag or a text between two tags may be: the longest that
// Excel writes are far below.
const maxToken = 4 << 20

var errToken = errors.New("a part of the XML is too long")

// xmlPart reads a part of a workbook token by token.
type xmlPart struct {
	in  io.ReadCloser
	out *bounded
	dec *xml.Decoder
}

// bounded counts what is read, against what the workbook and one token may have.
type bounded struct {
	in    io.Reader
	book  *workbook
	token int64
}

var errUnfolds = errors.New("the archive unfolds to too much")

// Read fails where too much was read.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.token += int64(n)
	b.book.left -= int64(n)
	switch {
	case b.book.left < 0:
		return 0, errUnfolds
	case b.token > maxToken:
		return 0, errToken
	}
	return n, err
}

func (b *workbook) open(name string) (*xmlPart, error) {
	part := b.parts[strings.ToLower(name)]
	if part == nil {
		return nil, FormatFault("not_excel")
	}
	in, err := part.Open()
	if err != nil {
		return nil, damaged(err)
	}
	out := &bounded{in: in, book: b}
	return &xmlPart{in, out, xml.NewDecoder(bufio.NewReaderSize(out, 64<<10))}, nil
}

// token is the next token, valid until the one after it; io.EOF after the last.
func (p *xmlPart) token() (xml.Token, error) {
	p.out.token = 0
	token, err := p.dec.RawToken()
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return token, err
	case errors.Is(err, errUnfolds):
		return nil, FormatFault("unfolds", "max", csv.HumanBytes(p.out.book.limit))
	}
	return nil, damaged(err)
}

// texts gathers what an element that has just begun says, with its end: the text
// of its runs, without the readings that stand above Japanese text.
func (p *xmlPart) texts(element string) (string, error) {
	var all strings.Builder
	inText, inReading := false, false
	for {
		token, err := p.token()
		if err != nil {
			return "", unexpected(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			inText = inText || t.Name.Local == "t"
			inReading = inReading || t.Name.Local == "rPh"
		case xml.CharData:
			if inText && !inReading {
				all.Write(t)
			}
			if all.Len() > maxToken {
				return "", damaged(errToken)
			}
		case xml.EndElement:
			switch t.Name.Local {
			case element:
				return unescape(all.String()), nil
			case "t":
				inText = false
			case "rPh":
				inReading = false
			}
		}
	}
}

// text is the plain text of an element that has just begun, with its end.
func (p *xmlPart) text(element string) (string, error) {
	var all strings.Builder
	for {
		token, err := p.token()
		if err != nil {
			return "", unexpected(err)
		}
		switch t := token.(type) {
		case xml.CharData:
			all.Write(t)
			if all.Len() > maxToken {
				return "", damaged(errToken)
			}
		case xml.EndElement:
			if t.Name.Local == element {
				return all.String(), nil
			}
		}
	}
}

// unexpected is the fault of a part that ends within an element.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return damaged(err)
	}
	return err
}

func (p *xmlPart) close() { _ = p.in.Close() }
