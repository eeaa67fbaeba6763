package csv

import "bytes"

const (
	kanjiYear         = "年"
	kanjiMonth        = "月"
	kanjiDay          = "日"
	microsecondDigits = 6
)

// timeKinds is the set of date types of the value; 0 where it is no date.
func timeKinds(f []byte) (kinds, Form) {
	if len(f) < len("2024-1-2") || !isDigit(f[0]) || !isDigit(f[1]) || !isDigit(f[2]) || !isDigit(f[3]) {
		return 0, 0
	}
	if c := f[4]; c != '-' && c != '/' {
		if validKanji(f) {
			return kindDate, FormKanji
		}
		return 0, 0
	}
	rest, ok := cutDate(f)
	switch {
	case !ok:
		return 0, 0
	case len(rest) == 0:
		return kindDate | kindLocal, 0
	case rest[0] != ' ' && rest[0] != 'T':
		return 0, 0
	}
	k, form := clockKinds(rest[1:])
	if k == kindZoned && (year(f) < 2 || year(f) > 9998) {
		return 0, 0 // in UTC it could leave the four-digit years
	}
	return k, form
}

// cutDate takes Y-m-d or Y/m/d from the front.
func cutDate(f []byte) (rest []byte, ok bool) {
	month, rest := cutNumber(f[5:], 2)
	if len(rest) == 0 || rest[0] != f[4] {
		return nil, false
	}
	day, rest := cutNumber(rest[1:], 2)
	return rest, validDate(year(f), month, day)
}

func validKanji(f []byte) bool {
	rest, ok := bytes.CutPrefix(f[4:], []byte(kanjiYear))
	month, rest := cutNumber(rest, 2)
	rest, hasMonth := bytes.CutPrefix(rest, []byte(kanjiMonth))
	day, rest := cutNumber(rest, 2)
	return ok && hasMonth && string(rest) == kanjiDay && validDate(year(f), month, day)
}

// clockKinds reads H:MM[:SS[.fraction]] and an optional offset.
func clockKinds(f []byte) (kinds, Form) {
	hour, rest := cutNumber(f, 2)
	minute, rest, ok := cutPair(rest)
	if !ok || hour < 0 || hour > 23 || minute > 59 {
		return 0, 0
	}
	form := FormZonedMinute
	if second, after, has := cutPair(rest); has {
		if second > 59 {
			return 0, 0
		}
		form, rest = 0, after
		if rest, ok = cutFraction(rest); !ok {
			return 0, 0
		}
	}
	switch {
	case len(rest) == 0:
		return kindLocal, 0
	case validOffset(rest):
		return kindZoned, form
	}
	return 0, 0
}

// cutPair takes a colon and two digits.
func cutPair(f []byte) (n int, rest []byte, ok bool) {
	if len(f) < 3 || f[0] != ':' || !isDigit(f[1]) || !isDigit(f[2]) {
		return 0, f, false
	}
	return pair(f[1:]), f[3:], true
}

// cutFraction takes a point and digits; those beyond microseconds must be zeros.
func cutFraction(f []byte) (rest []byte, ok bool) {
	if len(f) == 0 || f[0] != '.' {
		return f, true
	}
	i := 1
	for ; i < len(f) && isDigit(f[i]); i++ {
		if i > microsecondDigits && f[i] != '0' {
			return nil, false
		}
	}
	return f[i:], i > 1
}

// validOffset accepts Z, +09, +0900 and +09:00.
func validOffset(f []byte) bool {
	if f[0] == 'Z' {
		return len(f) == 1
	}
	if f[0] != '+' && f[0] != '-' || len(f) < 3 || !isDigit(f[1]) || !isDigit(f[2]) || pair(f[1:]) > 14 {
		return false
	}
	minutes := f[3:]
	if len(minutes) == 3 && minutes[0] == ':' {
		minutes = minutes[1:]
	}
	return len(minutes) == 0 ||
		len(minutes) == 2 && isDigit(minutes[0]) && isDigit(minutes[1]) && pair(minutes) < 60
}

// cutNumber takes one to most digits; n is -1 where there is none.
func cutNumber(f []byte, most int) (n int, rest []byte) {
	i := 0
	for ; i < most && i < len(f) && isDigit(f[i]); i++ {
		n = n*10 + int(f[i]-'0')
	}
	if i == 0 {
		return -1, f
	}
	return n, f[i:]
}

func year(f []byte) int { return pair(f)*100 + pair(f[2:]) }

func pair(f []byte) int { return int(f[0]-'0')*10 + int(f[1]-'0') }

var monthDays = [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func validDate(y, m, d int) bool {
	if y < 1 || m < 1 || m > 12 || d < 1 || d > monthDays[m] {
		return false
	}
	return m != 2 || d != 29 || y%4 == 0 && (y%100 != 0 || y%400 == 0)
}
