package engine

import (
	"math/big"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// FuzzFilter: a filter, through a sight or without one, is refused where a value does not fit
// its column, and else finds the rows that it finds without SQL.
func FuzzFilter(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		seed := make([]byte, r.IntN(120))
		for i := range seed {
			seed[i] = byte(r.Uint32())
		}
		f.Add(seed)
	}
	for _, at := range []string{"0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"} {
		f.Add(append([]byte{0, 0, 5, 1, 255, byte(len(at))}, at...))
	}
	f.Add([]byte{0, 4, 1, 0, 0, 0})          // not an open range
	f.Add([]byte{0, 4, 0, 0, 0, 0})          // not among nothing
	f.Add([]byte{1, 1, 1, 4, 1, 1, 0, 0, 0}) // the same in a sight
	table := openTable(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		d := &drawer{content}
		src := table.Source
		src.Sight, src.Where = d.sight(), d.predicate(4)
		r := *table.reading
		q, err := compile(src)
		meant, fits := filterMeant(src)
		if err != nil || !fits {
			if e, ok := err.(*core.Error); !ok || e.Code != core.CodeValidation || fits {
				t.Fatalf("%v of %+v, %v", err, src.Where, fits)
			}
			return
		}
		r.query = q
		wantRowsOf(t, &r, meant, table.rows)
	})
}

// wantRowsOf compares the rows that the query finds with those that the source's
// filter means.
func wantRowsOf(t *testing.T, r *reading, src client.Source, rows [][]string) {
	t.Helper()
	seen, want := naiveSight(src.Sight, src.Columns, rows)
	want = slices.DeleteFunc(slices.Clone(want), func(row []string) bool { return naive(src.Where, seen, row) != yes })
	if len(seen) == 0 {
		return
	}
	var names []string
	for _, c := range seen {
		names = append(names, identifier(c.Name))
	}
	statement, values := r.sql(r.paths, strings.Join(names, ", "), "")
	var got [][]string
	err := r.arrow(t.Context(), func(batches array.RecordReader) error {
		return eachRow(batches, seen, func(row []*string) bool {
			got = append(got, rowsText([][]*string{row})...)
			return true
		})
	}, statement, values)
	if err != nil || !slices.EqualFunc(got, want, slices.Equal) {
		t.Fatalf("%v\n%+v\n%+v\n%s\n%q: %d rows %q\nwant %d rows %q", err, src.Where, src.Sight, statement, values, len(got), got, len(want), want)
	}
}

// openedTable is a random table, opened once for many filters.
type openedTable struct {
	*reading
	client.Source
	rows [][]string
}

func openTable(f *testing.F) *openedTable {
	f.Helper()
	dir := f.TempDir()
	path := filepath.Join(dir, "part.parquet")
	db, err := open(f.Context(), access{dir: dir, paths: []string{path}, memoryMB: 256, threads: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	_, rows := randomTable(11)
	columns := []core.Column{
		{Name: "n", Type: core.TypeInt64}, {Name: "x", Type: core.TypeFloat64}, {Name: "ok", Type: core.TypeBool}, {Name: "day", Type: core.TypeDate},
		{Name: "at", Type: core.TypeDatetime}, {Name: "世界", Type: core.TypeDatetime, Zoned: true},
		{Name: `te"xt`, Type: core.TypeString}, {Name: "c1", Type: core.TypeString}, {Name: "w0", Type: core.TypeString},
	}
	var lines []string
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range columns {
			cells[i] = "CAST(" + literal(row[i]) + " AS " + sqlType(c) + ") AS " + identifier(c.Name)
			if row[i] == "␀" {
				cells[i] = "CAST(NULL AS " + sqlType(c) + ") AS " + identifier(c.Name)
			}
		}
		lines = append(lines, "SELECT "+strings.Join(cells, ", "))
	}
	if _, err := db.ExecContext(f.Context(), "COPY ("+strings.Join(lines, " UNION ALL ")+") TO "+literal(path)+" (FORMAT parquet)"); err != nil {
		f.Fatal(err)
	}
	return &openedTable{&reading{paths: []string{path}, db: db}, client.Source{Columns: columns}, rows}
}

// drawer makes filters of bytes, whatever they are; when there are none left it comes to an end.
type drawer struct{ content []byte }

func (d *drawer) number(below int) int {
	if len(d.content) == 0 {
		return 0
	}
	n := int(d.content[0]) % below
	d.content = d.content[1:]
	return n
}

// text is such as JSON can carry.
func (d *drawer) text() string {
	n := min(d.number(40), len(d.content))
	text := strings.ToValidUTF8(string(d.content[:n]), "\uFFFD")
	d.content = d.content[n:]
	return text
}

func (d *drawer) column() string {
	if i := d.number(256); i < 255 {
		return poolNames[i%len(poolNames)]
	}
	return "unknown"
}

// value is mostly one that the table has.
func (d *drawer) value(pool []string) string {
	if i := d.number(256); i < 250 && len(pool) > 0 {
		return pool[i%len(pool)]
	}
	return d.text()
}

func (d *drawer) predicate(depth int) *core.Predicate {
	kinds := []core.PredicateOp{core.OpIn, core.OpRange}
	if depth > 0 {
		kinds = append(kinds, core.OpAnd, core.OpOr, core.OpNot)
	}
	p := &core.Predicate{Op: kinds[d.number(len(kinds))]}
	switch p.Op {
	case core.OpIn:
		p.Column = d.column()
		for range d.number(4) {
			p.Values = append(p.Values, d.value(pools[p.Column]))
		}
		p.IncludeNull = d.number(2) == 1
	case core.OpRange:
		p.Column = d.column()
		pool := append([]string{""}, pools[p.Column]...)
		if p.Column == "at" || p.Column == "世界" {
			pool = append([]string{""}, pools["day"]...)
		}
		p.From, p.To = d.value(pool), d.value(pool)
	case core.OpNot:
		p.Args = []core.Predicate{*d.predicate(depth - 1)}
	default:
		for range d.number(4) {
			p.Args = append(p.Args, *d.predicate(depth - 1))
		}
	}
	return p
}

func (d *drawer) sight() *core.Sight {
	if d.number(2) == 0 {
		return nil
	}
	s := &core.Sight{}
	for range d.number(4) {
		var w core.Window
		if d.number(3) > 0 {
			w.Rows = d.predicate(2)
		}
		for range d.number(3) {
			w.Hidden = append(w.Hidden, d.column())
		}
		for range d.number(3) {
			w.Masked = append(w.Masked, core.MaskedColumn{Column: d.column(), Mask: []core.Mask{core.MaskEmail, core.MaskPhone, core.MaskName, core.MaskAll}[d.number(4)]})
		}
		s.Windows = append(s.Windows, w)
	}
	return s
}

// filterMeant is the source with all values in the form that rows have; false where one fits no
// column that is seen.
func filterMeant(src client.Source) (client.Source, bool) {
	fits := true
	seen, _ := naiveSight(src.Sight, src.Columns, nil)
	if src.Sight != nil {
		s := &core.Sight{Windows: slices.Clone(src.Sight.Windows)}
		for i, w := range s.Windows {
			if w.Rows != nil {
				rows := predicateMeant(*w.Rows, src.Columns, &fits)
				s.Windows[i].Rows = &rows
			}
		}
		src.Sight = s
	}
	where := predicateMeant(*src.Where, seen, &fits)
	src.Where = &where
	return src, fits
}

func predicateMeant(p core.Predicate, columns []core.Column, fits *bool) core.Predicate {
	p.Args = slices.Clone(p.Args)
	for i := range p.Args {
		p.Args[i] = predicateMeant(p.Args[i], columns, fits)
	}
	if p.Op != core.OpIn && p.Op != core.OpRange {
		return p
	}
	i := position(columns, p.Column)
	if i < 0 {
		*fits = false
		return p
	}
	p.Values = slices.Clone(p.Values)
	for v := range p.Values {
		p.Values[v] = valueMeant(columns[i], p.Values[v], fits)
	}
	end := core.Column{Type: plain(columns[i])}
	if p.From != "" {
		p.From = valueMeant(end, p.From, fits)
	}
	if p.To != "" {
		p.To = valueMeant(end, p.To, fits)
	}
	return p
}

func valueMeant(c core.Column, text string, fits *bool) string {
	ok, form := true, ""
	switch c.Type {
	case core.TypeInt64:
		n, is := new(big.Int).SetString(text, 10)
		if ok = is && n.IsInt64(); ok {
			text = n.String()
		}
	case core.TypeFloat64:
		x, err := strconv.ParseFloat(text, 64)
		ok = err == nil && decimal.MatchString(text)
		text = floatText(x)
	case core.TypeBool:
		ok = text == "true" || text == "false"
	case core.TypeDate:
		form = time.DateOnly
	case core.TypeDatetime:
		form = time.DateTime
		if c.Zoned {
			form = time.RFC3339
		} else {
			text = strings.Replace(text, "T", " ", 1)
		}
	}
	if form != "" {
		at, err := time.Parse(form, text)
		ok = err == nil && at.Year() > 0 && at.Nanosecond()%1000 == 0
		text = at.UTC().Format(map[string]string{time.DateOnly: time.DateOnly, time.DateTime: localForm, time.RFC3339: zonedForm}[form])
	}
	*fits = *fits && ok
	return text
}
