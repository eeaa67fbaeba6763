package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Warning is about a variable that is set, looks like one of ours, and is none.
type Warning struct {
	Variable string
	Nearest  string // the name that was probably meant
}

// String is the warning as a sentence.
func (w Warning) String() string {
	return fmt.Sprintf("%s is not a variable of Karuta; did you mean %s?", w.Variable, w.Nearest)
}

// families are beginnings that belong to Karuta's variables: whatever else
// begins so was meant for us. Common beginnings (API_, LOG_, DATA_, GOOGLE_ …)
// are left out, because other programs' variables begin so too.
var families = []string{"JWT_", "DYNAMODB_", "EXECUTOR_", "SCHEDULER_", "VERTEX_AI_", "CHATBOT_", "S3_BUCKET_", "CORS_", "RATE_LIMIT_"}

// others are variables of other programs that are a letter away from ours.
var others = []string{"SSL_CERT_FILE"}

// unknown finds the misspelt variables, in the order of their names. A normal
// environment is full of variables that are none of our business: only what is
// a few letters away from a name of ours, or of a family of ours, is reported.
func unknown(vars map[string]string) []Warning {
	var found []Warning
	for name := range vars {
		if isVariable(name) || slices.Contains(others, name) {
			continue
		}
		nearest, distance := nearestVariable(strings.ToUpper(name))
		if ofFamily(name) || distance <= tolerance(nearest) {
			found = append(found, Warning{Variable: name, Nearest: nearest})
		}
	}
	slices.SortFunc(found, func(a, b Warning) int { return strings.Compare(a.Variable, b.Variable) })
	return found
}

func isVariable(name string) bool {
	return slices.ContainsFunc(variables, func(v variable) bool { return v.name == name })
}

func ofFamily(name string) bool {
	return slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(strings.ToUpper(name), f) })
}

func nearestVariable(name string) (nearest string, distance int) {
	distance = 1 << 30
	for _, v := range variables {
		if d := levenshtein.ComputeDistance(name, v.name); d < distance {
			nearest, distance = v.name, d
		}
	}
	return nearest, distance
}

// tolerance is how many letters may differ: short names are too close to
// everything, so they must match but for case.
func tolerance(name string) int {
	switch n := len(name); {
	case n < 6:
		return 0
	case n < 12:
		return 2
	default:
		return 3
	}
}
