package dataset

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// How many values of a column must look like a person's data for the column to be
// proposed. An e-mail address is one beyond doubt; other shapes need some company.
const (
	mostValues  = 0.5 // share
	leastValues = 3
)

// Propose finds out which columns hold data of people, by their names and by the
// values that the summary has (nil: by their names alone), and gives the columns with
// what it proposes. A column whose class somebody has set is left alone.
func Propose(columns []core.Column, s *client.Summary) []core.Column {
	columns = slices.Clone(columns)
	for i, c := range columns {
		if c.Class != "" {
			continue
		}
		columns[i].Proposed = Detect(c, valuesOf(s, i, c.Name))
	}
	return columns
}

// valuesOf are the values of a column that the summary holds.
func valuesOf(s *client.Summary, i int, name string) []string {
	if s == nil || i >= len(s.Columns) || s.Columns[i].Name != name {
		return nil
	}
	var values []string
	for _, row := range s.First {
		if v := row[i]; v != nil {
			values = append(values, *v)
		}
	}
	for _, top := range s.Columns[i].Top {
		values = append(values, top.Value)
	}
	return values
}

// Detect proposes a class for a column by its name and some of its values. What it
// proposes holds until the owner decides, so it errs on the side of people where a
// mistake costs little (a mask that is taken off with one click), and not where it
// would stop an import: a confidential class needs a name that says so, or a number
// with a check digit. The zero value proposes nothing.
func Detect(c core.Column, values []string) core.Proposal {
	byName, sure := kindByName(c.Name)
	byValues := kindByValues(values)
	switch {
	case byName != "" && byName == byValues:
		return proposal(byName, core.EvidenceBoth)
	case byValues != "":
		if class := classOf(byName); byName != "" && class == core.ClassConfidential {
			return proposal(byName, core.EvidenceName)
		}
		return proposal(byValues, core.EvidenceValues)
	case byName != "" && (sure || !contradicted(byName, c, values)):
		return proposal(byName, core.EvidenceName)
	}
	return core.Proposal{}
}

func proposal(kind core.PIIKind, by core.PIIEvidence) core.Proposal {
	return core.Proposal{Class: classOf(kind), Kind: kind, Evidence: by}
}

func classOf(kind core.PIIKind) core.PIIClass {
	switch kind {
	case core.KindName, core.KindEmail, core.KindPhone, core.KindAddress, core.KindBirth:
		return core.ClassDirect
	case core.KindEmployee, core.KindDepartment, core.KindPostal, core.KindPersonal:
		return core.ClassIndirect
	case core.KindSalary, core.KindEvaluation, core.KindHealth, core.KindIdentity, core.KindSensitive:
		return core.ClassConfidential
	}
	return ""
}

// contradicted tells that values speak against what a vague name says: a column
// "name" of products, a "rating" in texts.
func contradicted(kind core.PIIKind, c core.Column, values []string) bool {
	switch kind {
	case core.KindName:
		if c.Type != core.TypeString {
			return true
		}
		return len(values) >= leastValues && share(values, personName) < mostValues/2
	case core.KindPhone, core.KindAddress:
		return c.Type == core.TypeBool || c.Type == core.TypeFloat64
	}
	return false
}

// kindByValues is what most of the values look like, "" for nothing of a person's.
func kindByValues(values []string) core.PIIKind {
	if len(values) == 0 {
		return ""
	}
	if share(values, emailShape.MatchString) >= mostValues {
		return core.KindEmail
	}
	if len(values) < leastValues {
		return ""
	}
	for _, shape := range []struct {
		kind core.PIIKind
		is   func(string) bool
		most float64
	}{
		{core.KindPhone, phone, mostValues},
		{core.KindIdentity, identity, .95},
		{core.KindAddress, address, mostValues},
		{core.KindPostal, postalShape.MatchString, .9},
		{core.KindName, spacedName, mostValues},
	} {
		if share(values, shape.is) >= shape.most {
			return shape.kind
		}
	}
	return ""
}

// share is how many of the values that are not blank are such.
func share(values []string, is func(string) bool) float64 {
	found, all := 0, 0
	for _, v := range values {
		v = strings.TrimSpace(norm.NFKC.String(v))
		if v == "" {
			continue
		}
		all++
		if is(v) {
			found++
		}
	}
	return float64(found) / float64(max(1, all))
}

var (
	emailShape   = regexp.MustCompile(`^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$`)
	phoneShape   = regexp.MustCompile(`^(0\d{1,4}-\d{1,4}-\d{4}|0\d{1,4}\(\d{1,4}\)\d{4}|0[5789]0\d{8}|\+81[- ]?\d{1,4}[- ]?\d{1,4}[- ]?\d{4})$`)
	postalShape  = regexp.MustCompile(`^〒?\d{3}-\d{4}$`)
	addressShape = regexp.MustCompile(`^(〒?\d{3}-?\d{4} ?)?(北海道|東京都|京都府|大阪府|\p{Han}{2,3}県)?\p{Han}{1,6}[市区町村郡].*(\d|丁目|番地?)`)
	nameShape    = regexp.MustCompile(`^([\p{Han}々ヶヵ]{1,4}) ([\p{Han}々\p{Hiragana}\p{Katakana}ー]{1,5})$`)
	latinShape   = regexp.MustCompile(`^([A-Z][a-z]+|[A-Z]+),? ([A-Z][a-z]+|[A-Z]+)$`)
)

// phone knows the numbers of Japan: ten or eleven digits in their groups, or a mobile
// number in one piece.
func phone(v string) bool {
	if !phoneShape.MatchString(v) {
		return false
	}
	digits := len(digitsOf(v))
	return strings.HasPrefix(v, "+") || digits == 10 || digits == 11
}

func address(v string) bool { return addressShape.MatchString(v) }

// spacedName knows a family name that many have, with a given name behind it.
func spacedName(v string) bool {
	if m := nameShape.FindStringSubmatch(v); m != nil {
		return familyNames[m[1]]
	}
	m := latinShape.FindStringSubmatch(v)
	return m != nil && (latinFamilyNames[strings.ToLower(m[1])] || latinFamilyNames[strings.ToLower(m[2])])
}

// personName is more generous, for columns whose name says that they hold names.
func personName(v string) bool {
	if spacedName(v) || nameShape.MatchString(v) || latinShape.MatchString(v) {
		return true
	}
	runes := []rune(v)
	if len(runes) < 2 || len(runes) > 6 || slices.ContainsFunc(runes, func(r rune) bool { return !unicode.In(r, unicode.Han, unicode.Hiragana) }) {
		return false
	}
	for length := 1; length <= 3 && length <= len(runes); length++ {
		if familyNames[string(runes[:length])] {
			return true
		}
	}
	return false
}

// identity knows numbers that tell who somebody is by their check digit: the
// individual number of twelve digits, and numbers of payment cards.
func identity(v string) bool {
	digits := digitsOf(v)
	if strings.Trim(v, "0123456789- ") != "" {
		return false
	}
	switch len(digits) {
	case 12:
		return individualNumber(digits)
	case 16:
		return strings.ContainsRune("2345", rune(digits[0])) && luhn(digits)
	}
	return false
}

// individualNumber checks the last digit as the ministry's ordinance says.
func individualNumber(digits string) bool {
	sum := 0
	for n := 1; n <= 11; n++ {
		weight := n + 1
		if n > 6 {
			weight = n - 5
		}
		sum += int(digits[11-n]-'0') * weight
	}
	check := 11 - sum%11
	if sum%11 <= 1 {
		check = 0
	}
	return int(digits[11]-'0') == check
}

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func digitsOf(v string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, v)
}
