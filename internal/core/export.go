package core

// ExportEncoding is how the text of an exported CSV file is written.
type ExportEncoding string

// The encodings. Excel knows UTF-8 by its mark alone.
const (
	EncodingUTF8BOM  ExportEncoding = "UTF8_BOM"
	EncodingUTF8     ExportEncoding = "UTF8"
	EncodingShiftJIS ExportEncoding = "SHIFT_JIS"
)
