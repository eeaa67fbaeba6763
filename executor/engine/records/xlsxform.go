package records

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
)

// form is how a style shows a number, as far as that tells what the number is.
type form uint8

const (
	hasDay   form = 1 << iota // a calendar date
	hasClock                  // a time of day
	isSpan                    // a length of time: [h]:mm
)

const maxStyles = 70_000 // Excel's own limit is 65,490

// builtIn are the forms of the formats that have a number and no code; 27 to 36
// and 50 to 58 are those of the East Asian editions.
func builtIn(id int) form {
	switch {
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
		return hasDay
	case id == 22:
		return hasDay | hasClock
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id == 45, id == 47, id == 55, id == 56:
		return hasClock
	case id == 46:
		return isSpan
	}
	return 0
}

// styles are the forms of the workbook's cell styles.
func (b *workbook) styles(part string) ([]form, error) {
	if part == "" {
		return nil, nil
	}
	custom := map[int]form{}
	var forms []form
	inCells := false
	err := b.read(part, func(e xml.StartElement) {
		switch e.Name.Local {
		case "numFmt":
			if id, err := strconv.Atoi(attribute(e, "numFmtId")); err == nil && len(custom) < maxStyles {
				custom[id] = formOf(attribute(e, "formatCode"))
			}
		case "cellXfs":
			inCells = true
		case "cellStyles", "dxfs", "tableStyles":
			inCells = false
		case "xf":
			if inCells && len(forms) < maxStyles {
				id, _ := strconv.Atoi(attribute(e, "numFmtId"))
				f, named := custom[id]
				if !named {
					f = builtIn(id)
				}
				forms = append(forms, f)
			}
		}
	})
	return forms, err
}

var (
	quotedText = regexp.MustCompile(`"[^"]*"|\\.|_.|\*.`)
	spanCode   = regexp.MustCompile(`\[(h+|m+|s+)\]`)
	bracketed  = regexp.MustCompile(`\[[^\]]*\]`)
)

// formOf reads the code of a format, the part for positive numbers.
func formOf(code string) form {
	code, _, _ = strings.Cut(strings.ToLower(quotedText.ReplaceAllString(code, "")), ";")
	if spanCode.MatchString(code) {
		return isSpan
	}
	code = bracketed.ReplaceAllString(code, "")
	if strings.Contains(code, "general") {
		return 0
	}
	var f form
	if strings.ContainsAny(code, "yd") || strings.Contains(code, "mmm") || strings.Contains(code, "ggge") || strings.Contains(code, "e/m") {
		f |= hasDay
	}
	if strings.ContainsAny(code, "hs") {
		f |= hasClock
	}
	if f == 0 && strings.Contains(code, "m") {
		f = hasDay
	}
	return f
}
