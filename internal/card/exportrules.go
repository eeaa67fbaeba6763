package card

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/karuta-bi/karuta/internal/core"
)

// maxExportColumns bounds the columns that can be named.
const maxExportColumns = 1000

// exportTypes are the media types of the formats that can be written.
var exportTypes = map[core.FileFormat]string{
	core.FormatCSV:     "text/csv",
	core.FormatXLSX:    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	core.FormatParquet: "application/vnd.apache.parquet",
}

var exportEncodings = []core.ExportEncoding{core.EncodingUTF8BOM, core.EncodingUTF8, core.EncodingShiftJIS}

func checkExport(in ExportInput) error {
	if exportTypes[in.Format] == "" {
		return core.Invalid("input.format", "bad_choice", "choices", "CSV, XLSX, PARQUET")
	}
	if !slices.Contains(exportEncodings, in.Encoding) {
		return core.Invalid("input.encoding", "bad_choice", "choices", "UTF8_BOM, UTF8, SHIFT_JIS")
	}
	if len(in.Columns) > maxExportColumns {
		return core.Invalid("input.columns", "too_many", "max", maxExportColumns)
	}
	return nil
}

// checkExportColumns wants every column once and among those that are seen: one
// that is hidden is none. There has to be one.
func checkExportColumns(names []string, seen []core.Column) error {
	if len(names) == 0 {
		return core.Invalid("input.columns", "required")
	}
	for i, name := range names {
		field := fmt.Sprintf("input.columns.%d", i)
		if _, ok := core.ColumnNamed(seen, name); !ok {
			return core.UnknownColumn(field, name)
		}
		if slices.Contains(names[:i], name) {
			return core.Invalid(field, "duplicate_item")
		}
	}
	return nil
}

// exportName is a dataset's name as that of a file, on any system.
func exportName(dataset string, format core.FileFormat) string {
	safe := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`\/:*?"<>|`, r) {
			return '_'
		}
		return r
	}, dataset)
	return strings.TrimLeft(safe, ". ") + "." + strings.ToLower(string(format))
}
