package csv

import (
	"bytes"
	"math"
	"strconv"
)

const (
	safeDigits   = 15 // any decimal with so few digits survives float64 and back
	safeExponent = 290
)

// numberKinds is the set of number types that keep the value exactly. Spaces around
// the number do not count.
func numberKinds(field []byte) kinds {
	if field[0] == ' ' || field[len(field)-1] == ' ' {
		field = bytes.Trim(field, " ")
	}
	n, ok := parseNumber(field)
	switch {
	case !ok:
		return 0
	case n.plain:
		return n.intKinds(field)
	case n.floats(field):
		return kindFloat
	}
	return 0
}

// number is a decimal literal taken apart.
type number struct {
	plain    bool // digits only: no point, no exponent
	digits   int  // written, without leading zeros
	integer  int  // digits before the point
	exponent int
}

// parseNumber accepts -?digits[.digits][e[+-]digits] without superfluous leading
// zeros, the digits before or after the point left out at most once.
func parseNumber(f []byte) (n number, ok bool) {
	i := 0
	if i < len(f) && f[i] == '-' {
		i++
	}
	start := i
	for i < len(f) && isDigit(f[i]) {
		i++
	}
	n.integer = i - start
	if n.integer > 1 && f[start] == '0' {
		return n, false
	}
	n.digits = n.integer
	if i == len(f) {
		n.plain = true
		return n, n.integer > 0
	}
	if f[i] == '.' {
		fraction := i + 1
		for i = fraction; i < len(f) && isDigit(f[i]); i++ {
		}
		n.digits += i - fraction
	}
	if n.digits == 0 {
		return n, false
	}
	if i < len(f) {
		return n, n.readExponent(f[i:])
	}
	return n, true
}

func (n *number) readExponent(f []byte) bool {
	if f[0]|0x20 != 'e' || len(f) < 2 || len(f) > 6 {
		return false
	}
	last := f[len(f)-1]
	e, err := strconv.Atoi(string(f[1:]))
	n.exponent = e
	return err == nil && isDigit(last)
}

func (n *number) intKinds(f []byte) kinds {
	if n.digits <= safeDigits {
		return kindInt | kindFloat
	}
	if _, err := strconv.ParseInt(string(f), 10, 64); err != nil {
		return 0
	}
	if n.roundTrips(f) {
		return kindInt | kindFloat
	}
	return kindInt
}

// floats tells whether a float64 keeps every digit of the literal.
func (n *number) floats(f []byte) bool {
	if n.digits <= safeDigits && n.exponent > -safeExponent && n.exponent < safeExponent {
		return true
	}
	return n.roundTrips(f)
}

// roundTrips reads the literal, writes the shortest text that reads back the same,
// and compares the digits.
func (n *number) roundTrips(f []byte) bool {
	v, err := strconv.ParseFloat(string(f), 64)
	if err != nil || math.IsInf(v, 0) {
		return false
	}
	return bytes.Equal(significant(f), significant(strconv.AppendFloat(nil, v, 'e', -1, 64)))
}

// significant is the digits of a literal without point, sign, exponent and outer zeros.
func significant(f []byte) []byte {
	var digits []byte
	for _, c := range f {
		if c|0x20 == 'e' {
			break
		}
		if isDigit(c) {
			digits = append(digits, c)
		}
	}
	return bytes.Trim(digits, "0")
}

func isDigit(c byte) bool { return c-'0' <= 9 }
