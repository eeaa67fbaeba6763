package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/internal/core"
)

// Bounds of an import's options and of a change.
const (
	maxNullValues = 20
	maxColumns    = 500 // named at once
	maxColumnName = 200
	maxColumnText = 500
	maxSkipRows   = 1000
	maxSheetName  = 100
)

var classes = []core.PIIClass{core.ClassNone, core.ClassDirect, core.ClassIndirect, core.ClassConfidential}

var encodings = []string{"", "auto", "utf-8", "utf-16", "shift_jis", "cp932"}

var formats = []core.FileFormat{"", core.FormatAuto, core.FormatCSV, core.FormatParquet, core.FormatJSONL, core.FormatXLSX}

// checkOptions checks how a file is to be read.
func checkOptions(o core.CSVOptions) error {
	if !slices.Contains(formats, o.Format) {
		return core.Invalid("input.format", "bad_choice", "choices", "AUTO, CSV, PARQUET, JSONL, XLSX")
	}
	if err := core.CheckText("input.sheet", o.Sheet, maxSheetName); err != nil {
		return err
	}
	if d := o.Delimiter; d != "" {
		if r, size := utf8.DecodeRuneInString(d); size != len(d) || r == '"' || r == '\n' || r == '\r' || r == 0 || r == utf8.RuneError {
			return core.Invalid("input.delimiter", "bad_value")
		}
	}
	if !slices.Contains(encodings, o.Encoding) {
		return core.Invalid("input.encoding", "bad_choice", "choices", "auto, utf-8, utf-16, shift_jis, cp932")
	}
	if o.SkipRows < 0 || o.SkipRows > maxSkipRows {
		return core.Invalid("input.skipRows", "out_of_range", "min", 0, "max", maxSkipRows)
	}
	if err := checkList("input.nullValues", o.NullValues, maxNullValues); err != nil {
		return err
	}
	if err := checkList("input.dateColumns", o.DateColumns, maxColumns); err != nil {
		return err
	}
	if err := checkList("input.dropColumns", o.DropColumns, maxColumns); err != nil {
		return err
	}
	return core.CheckText("input.partitionColumn", o.SortColumn, maxColumnName)
}

func checkList(field string, list []string, most int) error {
	if len(list) > most {
		return core.Invalid(field, "too_many", "max", most)
	}
	for i, s := range list {
		if err := core.CheckText(fmt.Sprintf("%s.%d", field, i), s, maxColumnName); err != nil {
			return err
		}
	}
	return nil
}

// checkChange checks the texts of a change and trims its name.
func checkChange(c *Change) error {
	if c.Version < 1 {
		return core.Invalid("input.version", "bad_value")
	}
	if c.Name != nil {
		name, err := core.CheckName("input.name", *c.Name)
		if err != nil {
			return err
		}
		c.Name = &name
	}
	if c.Description != nil {
		if err := core.CheckText("input.description", *c.Description, core.MaxDescription); err != nil {
			return err
		}
	}
	if len(c.Columns) > maxColumns {
		return core.Invalid("input.columns", "too_many", "max", maxColumns)
	}
	for i, col := range c.Columns {
		if err := checkColumn(fmt.Sprintf("input.columns.%d", i), col); err != nil {
			return err
		}
	}
	return nil
}

func checkColumn(field string, col ColumnChange) error {
	if col.Class != nil {
		if err := checkClass(field+".class", *col.Class); err != nil {
			return err
		}
	}
	if col.Description == nil {
		return nil
	}
	return core.CheckText(field+".description", *col.Description, maxColumnText)
}

// apply writes a checked change into the dataset. Only an administrator may open a
// column that was found to be confidential.
func apply(d *core.Dataset, c Change, admin bool) error {
	if c.Name != nil {
		d.Name = *c.Name
	}
	if c.Description != nil {
		d.Description = *c.Description
	}
	for i, change := range c.Columns {
		at := slices.IndexFunc(d.Columns, func(col core.Column) bool { return col.Name == change.Name })
		if at < 0 {
			return core.UnknownColumn(fmt.Sprintf("input.columns.%d.name", i), change.Name)
		}
		if change.Description != nil {
			d.Columns[at].Description = *change.Description
		}
		if change.Class != nil {
			if lowers(d.Columns[at], *change.Class) && !admin {
				return confidentialClass(fmt.Sprintf("input.columns.%d.class", i))
			}
			d.Columns[at].Class = *change.Class
		}
	}
	return nil
}

// classDetails are the new classes by column, for the audit log.
func classDetails(c Change) map[string]string {
	details := map[string]string{}
	for _, col := range c.Columns {
		if col.Class != nil {
			details[col.Name] = string(*col.Class)
		}
	}
	return map[string]string{"classes": fmt.Sprint(details)}
}

// choosesFrom tells whether one of the filters offers a column's values.
func choosesFrom(filters []core.Filter, column string) bool {
	return slices.ContainsFunc(filters, func(f core.Filter) bool {
		return f.Type == core.FilterCategory && f.Column == column
	})
}

// mergeColumns are the columns of a dataset after one more part: the same names
// and types in the same order, empty values where either has them.
func mergeColumns(have, more []core.Column) ([]core.Column, error) {
	merged := slices.Clone(have)
	for i := range merged {
		if i >= len(more) || more[i].Name != have[i].Name || more[i].Type != have[i].Type || more[i].Zoned != have[i].Zoned {
			return nil, core.Invalid("input.appendTo", "columns_differ", "column", have[i].Name)
		}
		merged[i].Nullable = have[i].Nullable || more[i].Nullable
		merged[i].Proposed = stricter(have[i].Proposed, more[i].Proposed)
	}
	if len(more) > len(have) {
		return nil, core.Invalid("input.appendTo", "columns_differ", "column", more[len(have)].Name)
	}
	return merged, nil
}

// versionPage is a page of versions; the cursor is the last one's number.
func versionPage(all []*core.DatasetVersion, page core.PageArgs) (core.Page[*core.DatasetVersion], error) {
	var p core.Page[*core.DatasetVersion]
	if page.After != "" {
		last, err := strconv.ParseInt(page.After, 10, 64)
		if err != nil {
			return p, core.Invalid("after", "bad_cursor")
		}
		all = slices.DeleteFunc(slices.Clone(all), func(v *core.DatasetVersion) bool { return v.Number >= last })
	}
	p.Nodes, p.HasNext = all[:min(page.First, len(all))], len(all) > page.First
	for _, v := range p.Nodes {
		p.Cursors = append(p.Cursors, strconv.FormatInt(v.Number, 10))
	}
	return p, nil
}

// blockedPage is a page of imports in the order of their ids, which are the cursors.
func blockedPage(all []*core.ImportJob, page core.PageArgs) (core.Page[*core.ImportJob], error) {
	var p core.Page[*core.ImportJob]
	if page.After != "" {
		if err := core.CheckID("after", page.After, core.NounJob); err != nil {
			return p, core.Invalid("after", "bad_cursor")
		}
		all = slices.DeleteFunc(all, func(j *core.ImportJob) bool { return j.ID <= page.After })
	}
	p.Nodes, p.HasNext = all[:min(page.First, len(all))], len(all) > page.First
	for _, j := range p.Nodes {
		p.Cursors = append(p.Cursors, j.ID)
	}
	return p, nil
}

// size is a limit in the words people read: "100 MB".
func size(bytes int64) string {
	switch {
	case bytes >= 1<<20:
		return strconv.FormatInt(bytes>>20, 10) + " MB"
	case bytes >= 1<<10:
		return strconv.FormatInt(bytes>>10, 10) + " KB"
	}
	return strconv.FormatInt(bytes, 10) + " B"
}
