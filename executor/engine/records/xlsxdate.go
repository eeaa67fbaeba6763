package records

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

const (
	lastSerial   = 2958465 // 9999-12-31
	missingDay   = 60      // the 29th of February 1900, which only Excel knows
	shift1904    = 1462
	millisPerDay = 24 * 60 * 60 * 1000
)

// numberText is a number as the CSV rules read it: Excel writes 17 digits where
// fewer say the same.
func numberText(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// dated is a number that a style shows as a date, a time of day or a length of
// time. Days are counted from 1900, or from 1904 in the workbooks of old Macs.
func dated(f float64, how form, date1904 bool) cell {
	if how&isSpan != 0 {
		return cell{text, spanText(f)}
	}
	if f >= 0 && f < 1 && how&hasDay == 0 {
		return cell{text, clockText(int64(math.Round(f * millisPerDay)))}
	}
	if date1904 {
		f += shift1904
	}
	millis := int64(math.Round(f * millisPerDay))
	day, rest := millis/millisPerDay, millis%millisPerDay
	switch {
	case f < 0 || day > lastSerial:
		return cell{plain, numberText(f)} // Excel shows no date either
	case day == missingDay && !date1904:
		return cell{text, "1900-02-29"}
	case day < missingDay:
		day++
	}
	at := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(day)).Add(time.Duration(rest) * time.Millisecond)
	if how&hasClock == 0 && rest == 0 {
		return cell{plain, at.Format(time.DateOnly)}
	}
	return cell{plain, at.Format("2006-01-02 15:04:05.999")}
}

func clockText(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("15:04:05.999")
}

// spanText is a length of time in hours, minutes and seconds.
func spanText(days float64) string {
	sign := ""
	if days < 0 {
		sign, days = "-", -days
	}
	seconds := int64(math.Round(days * 24 * 60 * 60))
	return fmt.Sprintf("%s%d:%02d:%02d", sign, seconds/3600, seconds/60%60, seconds%60)
}
