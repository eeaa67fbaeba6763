package records

import (
	"archive/zip"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/executor/engine/csv"
	"github.com/karuta-bi/karuta/internal/core"
)

// maxSheets is how many sheets of a workbook are looked at, and named in advice.
const (
	maxSheets = 1000
	namedMost = 20
)

// sheet is one sheet of a workbook, whose rows are records. Formulas count as what
// they came to when the file was saved.
type sheet struct {
	book    *workbook
	name    string
	part    string // of the archive
	opts    Options
	header  int64 // row of the header, 0 while unknown
	strings *sharedStrings
}

// workbook is an Excel file.
type workbook struct {
	file     *os.File
	parts    map[string]*zip.File
	limit    int64 // bytes that may be unfolded each time that the file is read
	left     int64 // of them
	date1904 bool
	forms    []form // by style
}

func openSheet(file string, opts Options) (t table, err error) {
	b, err := openWorkbook(file, opts)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = b.file.Close()
		}
	}()
	s, others, err := b.find(opts)
	if err != nil {
		return nil, err
	}
	if b.forms, err = b.styles(others["styles"]); err != nil {
		return nil, err
	}
	s.strings, err = b.sharedStrings(others["sharedStrings"])
	return s, err
}

func openWorkbook(file string, opts Options) (*workbook, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	b, err := readArchive(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	b.limit = Expansion * cmp.Or(opts.MaxBytes, defaultLargest)
	b.left = b.limit
	return b, nil
}

func readArchive(f *os.File) (*workbook, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	mark := make([]byte, len(oldOffice))
	if _, err := f.ReadAt(mark, 0); err == nil && string(mark) == oldOffice {
		return nil, FormatFault("old_excel")
	}
	archive, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, damaged(err)
	}
	b := &workbook{file: f, parts: map[string]*zip.File{}}
	for _, part := range archive.File {
		b.parts[strings.ToLower(strings.TrimPrefix(part.Name, "/"))] = part
	}
	return b, nil
}

// damaged is a fault of a file that breaks the rules of its format; how it does
// is of no use to people.
func damaged(error) *csv.Fault { return FormatFault("damaged") }

// find finds the sheet that is read, and the workbook's other parts by their kind.
func (b *workbook) find(opts Options) (s *sheet, others map[string]string, err error) {
	main, err := b.mainPart()
	if err != nil {
		return nil, nil, err
	}
	targets, err := b.relations(main)
	if err != nil {
		return nil, nil, err
	}
	others = map[string]string{}
	for _, r := range targets {
		others[r.kind[strings.LastIndexByte(r.kind, '/')+1:]] = r.target
	}
	sheets, err := b.sheets(main, targets)
	if err != nil {
		return nil, nil, err
	}
	found, err := choose(sheets, opts.Sheet)
	if err != nil {
		return nil, nil, err
	}
	return &sheet{book: b, name: found.name, part: found.part, opts: opts}, others, nil
}

func (b *workbook) mainPart() (string, error) {
	roots, err := b.relations("")
	if err != nil {
		return "", err
	}
	for _, r := range roots {
		if strings.HasSuffix(r.kind, "/officeDocument") {
			return r.target, nil
		}
	}
	return "", FormatFault("not_excel")
}

// relation is a part that another part refers to.
type relation struct{ kind, target string }

// relations are those of a part by their ids; of the file itself for "".
func (b *workbook) relations(part string) (map[string]relation, error) {
	dir, name := path.Split(part)
	found := map[string]relation{}
	err := b.read(dir+"_rels/"+name+".rels", func(e xml.StartElement) {
		if e.Name.Local != "Relationship" || len(found) >= maxSheets {
			return
		}
		target := attribute(e, "Target")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		found[attribute(e, "Id")] = relation{attribute(e, "Type"), strings.TrimPrefix(path.Clean(target), "/")}
	})
	return found, err
}

type sheetRef struct {
	name, part string
	hidden     bool
}

// sheets are the workbook's sheets that are tables of cells, in their order.
func (b *workbook) sheets(main string, targets map[string]relation) (found []sheetRef, err error) {
	err = b.read(main, func(e xml.StartElement) {
		switch e.Name.Local {
		case "workbookPr":
			b.date1904 = isTrue(attribute(e, "date1904"))
		case "sheet":
			r := targets[attribute(e, "id")]
			if strings.HasSuffix(r.kind, "/worksheet") && len(found) < maxSheets {
				state := attribute(e, "state")
				found = append(found, sheetRef{attribute(e, "name"), r.target, state != "" && state != "visible"})
			}
		}
	})
	return found, err
}

// choose is the named sheet, else the first that is not hidden.
func choose(sheets []sheetRef, name string) (sheetRef, error) {
	var names []string
	for _, s := range sheets {
		if s.name == name || name == "" && !s.hidden {
			return s, nil
		}
		if len(names) < namedMost {
			names = append(names, csv.Sample([]byte(s.name)))
		}
	}
	if name == "" {
		return sheetRef{}, FormatFault("empty")
	}
	return sheetRef{}, &csv.Fault{Problem: client.Problem{Code: core.CodeValidation, Reason: "unknown_sheet",
		Args: map[string]any{"sheet": csv.Sample([]byte(name)), "choices": strings.Join(names, ", ")}}}
}

func (b *workbook) close() error { return b.file.Close() }

// read walks over the elements of a part.
func (b *workbook) read(part string, each func(xml.StartElement)) error {
	in, err := b.open(part)
	if err != nil {
		return err
	}
	defer in.close()
	for {
		token, err := in.token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := token.(xml.StartElement); ok {
			each(e)
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func isTrue(value string) bool { return value == "1" || value == "true" || value == "on" }

func (s *sheet) close() error { return s.book.close() }

func (s *sheet) guess(ctx context.Context) ([]string, error) { return s.headerOf(ctx, false) }

func (s *sheet) measure(ctx context.Context) ([]string, error) { return s.headerOf(ctx, true) }
