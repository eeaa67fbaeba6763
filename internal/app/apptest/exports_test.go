package apptest_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
)

const exportDocument = `mutation($input: ExportDatasetInput!) { exportDataset(input: $input) { url fileName } }`

// fileTable reads a CSV file as a door's table.
func fileTable(text string) (t table, err error) {
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(records) == 0 {
		return t, fmt.Errorf("no CSV: %w", err)
	}
	t = table{columns: records[0], total: -1}
	for _, r := range records[1:] {
		t.rows = append(t.rows, r)
	}
	return t, nil
}

// exported: a file holds the rows that are seen, whatever is chosen.
func (p *pull) exported(filters []any, want table) {
	input := map[string]any{"id": p.o.dataset, "format": "CSV", "encoding": "UTF8", "dashboardId": p.o.narrow, "filters": filters}
	a := p.ask(p.v.Client, exportDocument, map[string]any{"input": input})
	if len(p.seen.columns) == 0 {
		if a.Code() != "VALIDATION_ERROR" {
			p.Errorf("%s: a file without columns: %s", p.v.name, a.Raw)
		}
		return
	}
	url := a.Str("exportDataset.url")
	if url == "" {
		p.Errorf("%s: no file: %s", p.v.name, a.Raw)
		return
	}
	file, err := fileTable(p.open(url))
	if err != nil {
		p.Errorf("%s: %v", p.v.name, err)
	}
	p.same(fmt.Sprintf("file where %v", filters), file, want)
}

// exportsOf asks for the files of one who has asked at every other door.
func exportsOf(p *pull) {
	p.exported([]any{}, p.seen)
	c, span := p.drawChoice(pickOne(p.r, rosterColumns...)), drawRange(p.r)
	p.exported([]any{c.input(), span.input()}, p.narrowedTo(c, span))
	p.onlyWhatIsShown()
}

// bytesOf gets the whole file, and what the server says of it.
func bytesOf(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// SH-9: no cell of a file is a formula to a spreadsheet; numbers stay numbers, and
// the audit log tells what went out.
func TestExportedFormulasAreText(t *testing.T) {
	k := apptest.Start(t)
	owner, _ := k.Somebody(t, core.RoleUser)
	admin, _ := k.Somebody(t, core.RoleAdmin)
	formulas := []string{`=HYPERLINK("http://evil.example";1)`, "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "＝1", "|calc", "%0A"}
	var upload bytes.Buffer
	w := csv.NewWriter(&upload)
	_ = w.Write([]string{"=名前", "額"})
	for i, f := range formulas {
		_ = w.Write([]string{f, fmt.Sprint(-i)})
	}
	w.Flush()
	dataset := owner.ImportCSV(t, "式", "formulas.csv", &upload)
	offer := owner.Must(t, exportDocument, map[string]any{"input": map[string]any{"id": dataset, "format": "CSV"}})
	status, text := bytesOf(t, k.URL+offer.Str("exportDataset.url"))
	file, err := fileTable(strings.TrimPrefix(text, "\ufeff"))
	if err != nil || status != http.StatusOK || len(file.rows) != len(formulas) || !slices.Equal(file.columns, []string{"'=名前", "額"}) {
		t.Fatalf("%d %v: %s", status, err, text)
	}
	for i, r := range file.rows {
		if r[0] != "'"+formulas[i] || r[1] != fmt.Sprint(-i) {
			t.Errorf("%q became %q", formulas[i], r)
		}
	}
	line := admin.Must(t, `{ auditLogs(filter: {eventTypes: [DATA_EXPORTED]}) { nodes { targetId details { name value } } } }`, nil)
	if line.Str("auditLogs.nodes.0.targetId") != dataset || !strings.Contains(line.Raw, `{"name":"rows","value":"8"}`) {
		t.Errorf("%s", line.Raw)
	}
}

// Readers who leave midway take nothing with them: more of them than there are
// places for files, and the next one gets theirs.
func TestReadersWhoLeaveGiveTheirPlaceUp(t *testing.T) {
	k := apptest.Start(t)
	owner, _ := k.Somebody(t, core.RoleUser)
	row := strings.Repeat("長い文です", 40) + "\n"
	dataset := owner.ImportCSV(t, "長い", "long.csv", strings.NewReader("文\n"+strings.Repeat(row, 40_000)))
	url := owner.Must(t, exportDocument, map[string]any{"input": map[string]any{"id": dataset, "format": "CSV"}}).Str("exportDataset.url")
	for range 6 {
		resp := whenThereIsRoom(t, k.URL+url)
		if _, err := io.ReadFull(resp.Body, make([]byte, 1<<10)); err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	resp := whenThereIsRoom(t, k.URL+url)
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != resp.ContentLength {
		t.Errorf("%d of %d bytes, %v", n, resp.ContentLength, err)
	}
}

// whenThereIsRoom asks again while the places are taken.
func whenThereIsRoom(t *testing.T, url string) *http.Response {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode == http.StatusOK {
			return resp
		}
		_ = resp.Body.Close()
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the test ended before there was room")
		}
	}
}
