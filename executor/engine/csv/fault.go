package csv

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

const sampleRunes = 80

// Fault is what is wrong with a file, and where.
type Fault struct {
	client.Problem
	Record int64 // number of the record after the header, from 1; 0 when the fault has none
}

// Error speaks to the log.
func (f *Fault) Error() string {
	return fmt.Sprintf("csv: %s.%s line %d column %d offset %d", f.Code, f.Reason, f.Line, f.Column, f.Offset)
}

// parseFault is a CSV_PARSE_ERROR. The sentence may name the line and what args hold.
func parseFault(reason string, line int64, args ...any) *Fault {
	named := map[string]any{"line": line}
	for i := 0; i+1 < len(args); i += 2 {
		named[fmt.Sprint(args[i])] = args[i+1]
	}
	return &Fault{Problem: client.Problem{Code: core.CodeCSVParse, Reason: reason, Line: line, Args: named}}
}

// optionFault is a VALIDATION_ERROR about one of the options.
func optionFault(reason string, args map[string]any) *Fault {
	return &Fault{Problem: client.Problem{Code: core.CodeValidation, Reason: reason, Args: args}}
}

// Sample is a short, printable, valid piece of the text, its first line at most.
func Sample(text []byte) string {
	if len(text) > sampleRunes*utf8.UTFMax {
		text = text[:sampleRunes*utf8.UTFMax]
	}
	line := strings.ToValidUTF8(string(text), "\uFFFD")
	if end := strings.IndexAny(line, "\r\n"); end >= 0 {
		line = line[:end]
	}
	line = strings.Map(printable, line)
	if runes := []rune(line); len(runes) > sampleRunes {
		return string(runes[:sampleRunes-1]) + "…"
	}
	return line
}

func printable(r rune) rune {
	if unicode.IsControl(r) && r != '\t' {
		return '\uFFFD'
	}
	return r
}

// HumanBytes is a size as people write it in the advice of FILE_TOO_LARGE.
func HumanBytes(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d KB", max(1, n>>10))
}
