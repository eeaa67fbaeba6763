package records

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/karuta-bi/karuta/executor/engine/csv"
)

// row is one row of a sheet, with the cells that hold something, by their column.
type row struct {
	number int64
	cells  []cell
	next   int  // column of the next cell that does not name its own
	last   bool // the sheet's rows have ended
}

// set puts a cell in its column.
func (r *row) set(column int, c cell) {
	for len(r.cells) <= column {
		r.cells = append(r.cells, cell{})
	}
	r.cells[column] = c
}

// rows walks over the rows that hold something. merged is told of cells that are
// shown as one; it may be nil.
func (s *sheet) rows(ctx context.Context, each func(*row) error, merged func(ref string)) error {
	s.book.left = s.book.limit
	in, err := s.book.open(s.part)
	if err != nil {
		return err
	}
	defer in.close()
	r := &row{}
	for n := 0; ; n++ {
		if n%glanceEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		token, err := in.token()
		if errors.Is(err, io.EOF) && r.last {
			return nil
		}
		if err != nil {
			return unexpected(err)
		}
		if err := s.take(in, token, r, each, merged); err != nil {
			return err
		}
	}
}

func (s *sheet) take(in *xmlPart, token xml.Token, r *row, each func(*row) error, merged func(ref string)) error {
	switch t := token.(type) {
	case xml.StartElement:
		switch t.Name.Local {
		case "row":
			r.number, r.cells, r.next = rowNumber(attribute(t, "r"), r.number), r.cells[:0], 0
		case "c":
			return s.cell(in, t, r)
		case "mergeCell":
			if merged != nil {
				merged(attribute(t, "ref"))
			}
		}
	case xml.EndElement:
		switch {
		case t.Name.Local == "row" && len(r.cells) > 0:
			return each(r)
		case t.Name.Local == "sheetData":
			r.last = true
		}
	}
	return nil
}

// rowNumber is the number that the row names, else the one after the last.
func rowNumber(named string, last int64) int64 {
	if n, err := strconv.ParseInt(named, 10, 32); err == nil && n > 0 {
		return n
	}
	return last + 1
}

// cell reads a cell that has just begun.
func (s *sheet) cell(in *xmlPart, start xml.StartElement, r *row) error {
	column := r.next
	kind, style := "", 0
	for _, a := range start.Attr {
		switch a.Name.Local {
		case "r":
			if named, ok := columnOf(a.Value); ok {
				column = named
			}
		case "t":
			kind = a.Value
		case "s":
			style, _ = strconv.Atoi(a.Value)
		}
	}
	r.next = column + 1
	value, err := content(in)
	if err != nil {
		return err
	}
	if column >= csv.MaxColumns {
		if value == "" {
			return nil
		}
		return s.at(r.number, -1).fault("too_many_columns", "max", csv.MaxColumns)
	}
	c, ok := s.value(kind, style, value)
	if !ok {
		return s.at(r.number, column).fault("bad_cell")
	}
	if c.kind != nothing {
		r.set(column, c)
	}
	return nil
}

// content is the value of a cell up to its end: of a formula, what it came to.
func content(in *xmlPart) (value string, err error) {
	for {
		token, err := in.token()
		if err != nil {
			return "", unexpected(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "v":
				value, err = in.text("v")
			case "is":
				value, err = in.texts("is")
			}
			if err != nil {
				return "", err
			}
		case xml.EndElement:
			if t.Name.Local == "c" {
				return value, nil
			}
		}
	}
}

// value is what a cell of a kind holds; false where it is not of that kind. Errors
// like #N/A are no value.
func (s *sheet) value(kind string, style int, value string) (cell, bool) {
	switch {
	case kind == "e" || value == "":
		return cell{}, true
	case kind == "s":
		shared, ok := s.strings.at(strings.TrimSpace(value))
		return textCell(shared), ok
	case kind == "str":
		return textCell(unescape(value)), true
	case kind == "inlineStr":
		return textCell(value), true
	case kind == "b":
		return cell{plain, strconv.FormatBool(isTrue(value))}, true
	case kind == "d":
		return cell{plain, strings.TrimSuffix(value, "T00:00:00")}, true
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return cell{}, false
	}
	if style >= 0 && style < len(s.book.forms) && s.book.forms[style] != 0 {
		return dated(f, s.book.forms[style], s.book.date1904), true
	}
	return cell{plain, numberText(f)}, true
}

func textCell(value string) cell {
	if value == "" {
		return cell{}
	}
	return cell{text, value}
}

// at is the place of a cell, or of a row for -1.
func (s *sheet) at(number int64, column int) place {
	return place{line: number, column: int64(column + 1), cell: s.name + "!" + columnLetters(max(column, 0)) + strconv.FormatInt(number, 10)}
}

// columnOf is the column that a reference like AB12 names, from 0.
func columnOf(ref string) (int, bool) {
	n := 0
	for _, c := range []byte(ref) {
		switch {
		case c >= 'A' && c <= 'Z' && n < 1<<20:
			n = n*26 + int(c-'A') + 1
		case c >= '0' && c <= '9':
			return n - 1, n > 0
		default:
			return 0, false
		}
	}
	return n - 1, n > 0
}

func columnLetters(column int) string {
	letters := ""
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		letters = string(rune('A'+(n-1)%26)) + letters
	}
	return letters
}
