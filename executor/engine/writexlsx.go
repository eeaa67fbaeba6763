package engine

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"time"
	"unicode/utf16"

	"github.com/karuta-bi/karuta/internal/core"
)

// What a sheet of Excel holds at most.
const (
	sheetRows    = 1_048_576
	sheetText    = 32_767              // UTF-16 units of a cell
	sheetInteger = 999_999_999_999_999 // the digits that Excel keeps
)

// The styles of the workbook.
const (
	dayStyle    = 1
	momentStyle = 2
)

// workbookParts are those that are the same for every table.
var workbookParts = [][2]string{
	{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`},
	{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`},
	{"xl/styles.xml", `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="165" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/></numFmts><fonts count="1"><font/></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/></cellXfs></styleSheet>`},
}

const xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// sheetWriter writes a workbook of one sheet, row by row. excelize would gather
// the sheet first; a sheet of plain values needs little of what it can do.
type sheetWriter struct {
	archive *zip.Writer
	out     *bufio.Writer
	columns []core.Column
	rows    int
}

func newSheetWriter(to io.Writer) *sheetWriter { return &sheetWriter{archive: zip.NewWriter(to)} }

func (w *sheetWriter) header(columns []core.Column) error {
	w.columns = columns
	for _, p := range workbookParts {
		part, err := w.archive.Create(p[0])
		if err != nil {
			return err
		}
		if _, err := io.WriteString(part, xmlHead+p[1]); err != nil {
			return err
		}
	}
	part, err := w.archive.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	w.out = bufio.NewWriterSize(part, 256<<10)
	_, _ = w.out.WriteString(xmlHead + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row>`)
	for _, c := range columns {
		if err := w.text(plainText(c.Name)); err != nil {
			return err
		}
	}
	w.rows = 1
	_, err = w.out.WriteString("</row>")
	return err
}

func (w *sheetWriter) row(values []*string) error {
	if w.rows++; w.rows > sheetRows {
		return exportFault("too_many_rows", "max", sheetRows-1)
	}
	_, _ = w.out.WriteString("<row>") // an error is kept for Flush
	for i, v := range values {
		if err := w.cell(w.columns[i], v); err != nil {
			return err
		}
	}
	_, err := w.out.WriteString("</row>")
	return err
}

// cell writes a value as what Excel has for it, as text where it would lose some
// of it.
func (w *sheetWriter) cell(c core.Column, v *string) error {
	if v == nil {
		_, err := w.out.WriteString("<c/>")
		return err
	}
	switch c.Type {
	case core.TypeInt64, core.TypeFloat64:
		if number, ok := excelNumber(*v); ok {
			return w.value(0, number)
		}
	case core.TypeBool:
		_, err := fmt.Fprintf(w.out, `<c t="b"><v>%d</v></c>`, map[string]int{"true": 1}[*v])
		return err
	case core.TypeDate:
		if serial, ok := serialOf(time.DateOnly, *v); ok {
			return w.value(dayStyle, serial)
		}
	case core.TypeDatetime:
		if serial, ok := serialOf(time.DateTime, *v); ok && !c.Zoned {
			return w.value(momentStyle, serial)
		}
	default:
		return w.text(plainText(*v))
	}
	return w.text(*v)
}

func (w *sheetWriter) value(style int, number string) error {
	if style == 0 {
		_, err := w.out.WriteString("<c><v>" + number + "</v></c>")
		return err
	}
	_, err := fmt.Fprintf(w.out, `<c s="%d"><v>%s</v></c>`, style, number)
	return err
}

// excelNumber tells whether Excel keeps every digit of a number.
func excelNumber(text string) (string, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return text, n <= sheetInteger && n >= -sheetInteger
	}
	f, err := strconv.ParseFloat(text, 64)
	return text, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// serialZero is the day 0 of Excel's calendar from March 1900 on.
var serialZero = time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)

const millisPerDay = 24 * 60 * 60 * 1000

// serialOf is a time as Excel counts days, from March 1900 on, where it knows the
// calendar. Fractions beyond its milliseconds stay text.
func serialOf(form, text string) (string, bool) {
	t, err := time.Parse(form, text)
	millis := t.UnixMilli() - serialZero.UnixMilli()
	if err != nil || millis < 61*millisPerDay || t.Nanosecond()%int(time.Millisecond) != 0 {
		return "", false
	}
	return strconv.FormatFloat(float64(millis)/millisPerDay, 'f', -1, 64), true
}

func (w *sheetWriter) text(text string) error {
	if len(text) > sheetText && len(utf16.Encode([]rune(text))) > sheetText {
		return exportFault("cell_too_long", "max", sheetText)
	}
	_, _ = w.out.WriteString(`<c t="inlineStr"><is><t xml:space="preserve">`)
	_ = xml.EscapeText(w.out, []byte(escapeControls(text)))
	_, err := w.out.WriteString("</t></is></c>")
	return err
}

var (
	escapes  = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)
	controls = regexp.MustCompile("[\x00-\x08\x0B-\x1F\uFFFE\uFFFF]")
)

// escapeControls writes what XML cannot hold as Excel does: _x001F_.
func escapeControls(text string) string {
	text = escapes.ReplaceAllStringFunc(text, func(s string) string { return "_x005F" + s })
	return controls.ReplaceAllStringFunc(text, func(s string) string { return fmt.Sprintf("_x%04X_", []rune(s)[0]) })
}

func (w *sheetWriter) close() error {
	_, _ = w.out.WriteString("</sheetData></worksheet>")
	if err := w.out.Flush(); err != nil {
		return err
	}
	return w.archive.Close()
}
