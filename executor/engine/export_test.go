package engine

import (
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// exported is the content of a file.
func (b *bench) exported(t testing.TB, req client.ExportRequest) (string, *Exported) {
	t.Helper()
	file, err := b.Export(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	content, err := io.ReadAll(file.File)
	if err != nil || int64(len(content)) != file.Bytes {
		t.Errorf("%d bytes of %d: %v", len(content), file.Bytes, err)
	}
	return string(content), file
}

// clear removes the version, so that another can be loaded.
func (b *bench) clear(t testing.TB) {
	t.Helper()
	for _, key := range b.keys(t, target) {
		if err := b.blobs.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
}

const exportText = "i,f,b,d,t,z,s\n" +
	"-5,-0.25,true,2024-01-02,2024-01-02 03:04:05,2024-01-02T03:04:05+09:00,=1+1\n" +
	"9007199254740993,1e-9,false,1899-12-31,0001-01-01 00:00:00.000001,2024-01-02T03:04:05.5Z,\"a,\"\"b\"\"\r\nc\"\n" +
	",,,,,,\n" +
	"0,1.5,true,9999-12-31,9999-12-31 23:59:59,2024-06-01T00:00:00Z,x\n"

// What was written reads back as what is seen, whatever it was written as.
func TestExportsReadBack(t *testing.T) {
	for _, format := range []core.FileFormat{core.FormatCSV, core.FormatXLSX, core.FormatParquet} {
		t.Run(string(format), func(t *testing.T) {
			b := newBench(t, nil)
			src, _ := b.load(t, exportText, core.CSVOptions{})
			want := b.rows(t, src)
			content, file := b.exported(t, client.ExportRequest{Source: src, Format: format, Encoding: core.EncodingUTF8BOM})
			if file.Rows != 4 {
				t.Errorf("%d rows", file.Rows)
			}
			b.clear(t)
			back, _ := b.load(t, content, core.CSVOptions{})
			got := b.rows(t, back)
			if format != core.FormatParquet { // a formula and the last row's text begin with an apostrophe
				got[0][6] = strings.TrimPrefix(got[0][6], "'")
			}
			if format == core.FormatXLSX { // without its empty row
				want = [][]string{want[0], want[1], want[3]}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%q\nwant %q", got, want)
			}
		})
	}
}

func TestFormulasAreTakenForText(t *testing.T) { // DS-9
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1",
		" =1": "' =1", "\u3000＝1": "'\u3000＝1", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠a": "'＠a",
		"": "", " ": " ", "a=1": "a=1", "'=1": "'=1", "１": "１",
	} {
		if got := plainText(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	b := newBench(t, nil)
	src, _ := b.load(t, "=h,n\n-x,-5\n", core.CSVOptions{})
	if got, _ := b.exported(t, client.ExportRequest{Source: src, Format: core.FormatCSV, Encoding: core.EncodingUTF8}); got != "'=h,n\r\n'-x,-5\r\n" {
		t.Errorf("%q", got)
	}
}

func TestExportsShowWhatIsSeen(t *testing.T) { // PII-6
	b := newBench(t, nil)
	src, _ := b.load(t, "id,name,area\n1,佐藤,東\n2,鈴木,西\n3,高橋,東\n", core.CSVOptions{})
	east := &core.Predicate{Op: core.OpIn, Column: "area", Values: []string{"東"}}
	src.Sight = &core.Sight{Windows: []core.Window{{Rows: east, Hidden: []string{"id"}, Masked: []core.MaskedColumn{{Column: "name", Mask: core.MaskName}}}}}
	req := client.ExportRequest{Source: src, Format: core.FormatCSV, Encoding: core.EncodingUTF8}
	got, file := b.exported(t, req)
	if file.Rows != 2 || strings.Contains(got, "佐藤") || strings.Contains(got, "id") || strings.Contains(got, "西") {
		t.Errorf("%d rows: %q", file.Rows, got)
	}
	req.Columns = []string{"id"}
	if _, err := b.Export(t.Context(), req); core.CodeOf(err) != core.CodeValidation {
		t.Errorf("a hidden column: %v", err)
	}
}

func TestShiftJIS(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "名\n表①\n", core.CSVOptions{})
	req := client.ExportRequest{Source: src, Format: core.FormatCSV, Encoding: core.EncodingShiftJIS}
	content, _ := b.exported(t, req)
	if text, err := japanese.ShiftJIS.NewDecoder().String(content); err != nil || text != "名\r\n表①\r\n" {
		t.Errorf("%q, %v", text, err)
	}
	b.clear(t)
	req.Source, _ = b.load(t, "名\n😀\n", core.CSVOptions{})
	_, err := b.Export(t.Context(), req)
	if e, ok := errors.AsType[*core.Error](err); !ok || e.Reason != "not_in_encoding" || e.Args["character"] != "😀" {
		t.Errorf("%v", err)
	}
}

// So many files may be on their way; those that are given up make room, and leave
// nothing behind.
func TestFilesOnTheirWayAreBounded(t *testing.T) {
	b := newBench(t, nil)
	src, _ := b.load(t, "a\n1\n", core.CSVOptions{})
	req := client.ExportRequest{Source: src, Format: core.FormatCSV, Encoding: core.EncodingUTF8}
	var files []*Exported
	for range mostExports {
		file, err := b.Export(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	if _, err := b.Export(t.Context(), req); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("one more: %v", err)
	}
	for _, f := range files {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	b.exported(t, req)
	if left, err := os.ReadDir(b.dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
