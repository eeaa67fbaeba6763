//go:build linux

package supervisor

import (
	"errors"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// What people write gives the same whether it was given all columns, those that it
// names, or none: or it ends and says that it wants them.
func TestAbsentColumnsOfTheCorpus(t *testing.T) {
	s := shared(t)
	files, err := corpus.ReadDir("testdata/cards")
	if err != nil {
		t.Fatal(err)
	}
	cards := slices.Clone(goodCards)
	for _, file := range files {
		code, err := corpus.ReadFile(path.Join("testdata/cards", file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		cards = append(cards, struct{ name, want, code string }{name: file.Name(), code: string(code)})
	}
	_, _, columns := sales(t)
	long := os.Getenv("KARUTA_LONG") != ""
	var tried, enough int
	for i, card := range cards {
		if !long && i%4 > 0 {
			continue
		}
		tried++
		if wantSame(t, s, card.name, card.code, client.NamedColumns(card.code, columns)) {
			enough++
		}
		if long {
			wantSame(t, s, card.name, card.code, []string{})
		}
	}
	t.Logf("%d of %d cards had enough with the columns that they name", enough, tried)
	if enough < tried/2 {
		t.Errorf("only %d of %d cards had enough with the columns that they name", enough, tried)
	}
}

// Each idiom gives the same with the columns region, amount and day as with all, or
// wants the others; those with a plus must do with what they get.
func TestAbsentColumnsOfIdioms(t *testing.T) {
	s := shared(t)
	text, err := os.ReadFile("testdata/idioms.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		idiom, enough := strings.CutPrefix(strings.TrimSpace(line), "+ ")
		code := "import copy, pickle\nimport numpy as np, pandas as pd, pyarrow as pa\ndef render(dataset, filters, params):\n    d = dataset\n    return repr((" + idiom + ",))"
		if !wantSame(t, s, idiom, code, []string{"region", "amount", "day"}) && enough {
			t.Errorf("wants all columns: %s", idiom)
		}
	}
}

// The code cannot notice that it asks for what it was not given, nor go on.
func TestAbsentColumnsCannotBeCaught(t *testing.T) {
	s := shared(t)
	reply, err := renderGiven(t, s, `
import atexit
atexit.register(lambda: print('seen'))
def render(dataset, filters, params):
    try:
        dataset['count'].sum()
    except BaseException:
        pass
    finally:
        print('seen')
    return 'went on'`, []string{"amount"})
	if reply != nil || !errors.Is(err, ErrAbsent) {
		t.Errorf("%+v, %v", reply, err)
	}
}

// A run that was given everything cannot claim that it was not.
func TestForgedAbsence(t *testing.T) {
	reply, err := renderGiven(t, shared(t), `
import json, os, struct
def render(dataset, filters, params):
    body = json.dumps({'kind': 'absent'}).encode()
    os.write(3, struct.pack('<I', len(body)) + body)
    os._exit(0)`, nil)
	if err != nil || reply.Problem == nil || reply.Problem.Reason != "bad_answer" {
		t.Errorf("%+v, %v", reply, err)
	}
}

// wantSame runs the code with some columns and with all; false where some were too few.
func wantSame(t *testing.T, s *Supervisor, name, code string, given []string) bool {
	t.Helper()
	some, err := renderGiven(t, s, code, given)
	if errors.Is(err, ErrAbsent) {
		return false
	}
	all, errAll := renderGiven(t, s, code, nil)
	if err != nil || errAll != nil {
		t.Fatal(name, err, errAll)
	}
	if answered(some) == answered(all) {
		return true
	}
	again, err := renderGiven(t, s, code, nil)
	if err == nil && answered(again) == answered(all) {
		t.Errorf("%s: with %v\n%.1000s\nwith all\n%.1000s", name, given, answered(some), answered(all))
	}
	return true
}

// answered is what a run gave but for what is new in every run.
func answered(r *client.CardReply) string {
	if r.Problem != nil {
		return string(r.Problem.Code) + r.Problem.Reason + r.Problem.Message
	}
	return uuids.ReplaceAllString(r.HTML, "")
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// renderGiven runs code on some columns of the sales table; nil are all.
func renderGiven(t *testing.T, s *Supervisor, code string, given []string) (*client.CardReply, error) {
	t.Helper()
	record, columns := salesRecord()
	defer record.Release()
	if given != nil {
		record = onlyColumns(record, columns, given)
		defer record.Release()
	}
	data, size := sealedArrow(t, record)
	defer data.Close()
	return s.Render(t.Context(), Run{ID: t.Name(), Code: code, Timeout: time.Minute, Data: data, DataBytes: size, Columns: columns, Given: given})
}

// onlyColumns leaves what the engine reads: the columns, and one to count rows by where there is none.
func onlyColumns(record arrow.RecordBatch, columns []core.Column, names []string) arrow.RecordBatch {
	var fields []arrow.Field
	var values []arrow.Array
	for i, c := range columns {
		if slices.Contains(names, c.Name) || len(names) == 0 && i == 0 {
			fields, values = append(fields, record.Schema().Field(i)), append(values, record.Column(i))
		}
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), values, record.NumRows())
}
