// Package recordstest makes Excel workbooks for tests, right ones and wrong ones.
package recordstest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// Book is a workbook of one sheet, in pieces of XML that a test may spoil.
type Book struct {
	Rows    string   // what stands in sheetData
	After   string   // what follows it, as mergeCells
	Shared  []string // texts that cells refer to, as XML
	Formats []string // codes of the styles from 1 on; 0 is none
	Epoch04 bool
	Parts   map[string]string // further parts, or others in place of these
}

// Bytes is the file.
func (b Book) Bytes() []byte {
	parts := map[string]string{
		"_rels/.rels":                `<Relationships><Relationship Id="a" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            fmt.Sprintf(`<workbook xmlns:r="r"><workbookPr date1904="%t"/><sheets><sheet name="隠し" state="hidden" r:id="s2"/><sheet name="売上" r:id="s1"/></sheets></workbook>`, b.Epoch04),
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="s1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="s2" Type="http://x/worksheet" Target="/xl/worksheets/sheet2.xml"/><Relationship Id="t" Type="http://x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="f" Type="http://x/styles" Target="styles.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   `<?xml version="1.0" encoding="UTF-8"?><worksheet><sheetData>` + b.Rows + `</sheetData>` + b.After + `</worksheet>`,
		"xl/worksheets/sheet2.xml":   `<worksheet><sheetData><row><c t="inlineStr"><is><t>hidden</t></is></c></row><row><c><v>7</v></c></row></sheetData></worksheet>`,
		"xl/sharedStrings.xml":       b.shared(),
		"xl/styles.xml":              b.styles(),
	}
	maps.Copy(parts, b.Parts)
	return Zip(parts)
}

func (b Book) shared() string {
	all := "<sst>"
	for _, s := range b.Shared {
		all += "<si>" + s + "</si>"
	}
	return all + "</sst>"
}

func (b Book) styles() string {
	codes, styles := "", `<xf numFmtId="0"/>`
	for i, code := range b.Formats {
		codes += fmt.Sprintf(`<numFmt numFmtId="%d" formatCode="%s"/>`, 164+i, code)
		styles += fmt.Sprintf(`<xf numFmtId="%d"/>`, 164+i)
	}
	return "<styleSheet><numFmts>" + codes + "</numFmts><cellXfs>" + styles + "</cellXfs></styleSheet>"
}

// Zip is an archive of the parts.
func Zip(parts map[string]string) []byte {
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		w, err := archive.Create(name)
		if err != nil {
			panic(err)
		}
		_, _ = w.Write([]byte(parts[name]))
	}
	_ = archive.Close()
	return file.Bytes()
}
