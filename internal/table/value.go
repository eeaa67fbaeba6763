package table

import (
	"math"
	"unicode/utf8"
)

const (
	// numberBytes is the most a number takes; the exact figure depends on its digits.
	numberBytes = 12
	maxDepth    = 32
	// The magnitudes of DynamoDB's numbers.
	minNumber, maxNumber = 1e-130, 9.9e125
)

// ItemBytes is the item's size by DynamoDB's rules, names included, rounded up
// where the rules depend on digits. It fails on a value that cannot be stored.
func ItemBytes(it Item) (int, error) { return mapBytes(it, 1) }

func mapBytes(m map[string]any, depth int) (int, error) {
	total := 0
	for name, v := range m {
		if name == "" || !utf8.ValidString(name) {
			return 0, limit("attribute name %q", name)
		}
		n, err := valueBytes(v, depth)
		if err != nil {
			return 0, err
		}
		total += len(name) + n
	}
	return total, nil
}

func valueBytes(v any, depth int) (int, error) {
	if depth > maxDepth {
		return 0, limit("values are nested more than %d deep", maxDepth)
	}
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) {
			return 0, limit("a text is not UTF-8")
		}
		return len(v), nil
	case []byte:
		return len(v), nil
	case bool:
		return 1, nil
	case int64:
		return numberBytes, nil
	case float64:
		return numberBytes, checkFloat(v)
	case []any:
		return listBytes(v, depth)
	case map[string]any:
		n, err := mapBytes(v, depth+1)
		return 3 + len(v) + n, err
	}
	return 0, limit("a value of type %T", v)
}

func listBytes(list []any, depth int) (int, error) {
	total := 3 + len(list)
	for _, v := range list {
		n, err := valueBytes(v, depth+1)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

func checkFloat(f float64) error {
	abs := math.Abs(f)
	if f == 0 || abs >= minNumber && abs <= maxNumber {
		return nil
	}
	return limit("the number %v", f)
}

// Number is the value as the engines give it back: a float without a fraction
// becomes an int64 where it fits, because DynamoDB has one kind of number.
// Values of other types stay what they are.
func Number(v any) any {
	if f, ok := v.(float64); ok && f == math.Trunc(f) && f >= math.MinInt64 && f < math.MaxInt64 {
		return int64(f)
	}
	return v
}
