package core

import (
	"testing"
	"time"
)

func TestRelativeDays(t *testing.T) { // FL-1
	noon := func(day string) time.Time {
		at, err := time.ParseInLocation(time.DateOnly, day, japan)
		if err != nil {
			t.Fatal(err)
		}
		return at.Add(12 * time.Hour)
	}
	cases := map[string]struct {
		unit     RelativeUnit
		count    int
		current  bool
		today    string
		from, to string
	}{
		"last seven days":               {UnitDay, 7, false, "2026-03-04", "2026-02-25", "2026-03-03"},
		"seven days with today":         {UnitDay, 7, true, "2026-03-04", "2026-02-26", "2026-03-04"},
		"yesterday":                     {UnitDay, 1, false, "2026-01-01", "2025-12-31", "2025-12-31"},
		"today":                         {UnitDay, 1, true, "2024-02-29", "2024-02-29", "2024-02-29"},
		"this week on a Monday":         {UnitWeek, 1, true, "2026-11-23", "2026-11-23", "2026-11-29"},
		"this week on a Sunday":         {UnitWeek, 1, true, "2026-11-29", "2026-11-23", "2026-11-29"},
		"last two weeks":                {UnitWeek, 2, false, "2026-01-01", "2025-12-15", "2025-12-28"},
		"this month":                    {UnitMonth, 1, true, "2024-02-10", "2024-02-01", "2024-02-29"},
		"last month on the 31st":        {UnitMonth, 1, false, "2026-03-31", "2026-02-01", "2026-02-28"},
		"last month in January":         {UnitMonth, 1, false, "2026-01-31", "2025-12-01", "2025-12-31"},
		"thirteen months with this one": {UnitMonth, 13, true, "2026-05-31", "2025-05-01", "2026-05-31"},
		"this quarter":                  {UnitQuarter, 1, true, "2026-11-25", "2026-10-01", "2026-12-31"},
		"last quarter":                  {UnitQuarter, 1, false, "2026-01-01", "2025-10-01", "2025-12-31"},
		"last two quarters":             {UnitQuarter, 2, false, "2026-06-30", "2025-10-01", "2026-03-31"},
		"this year":                     {UnitYear, 1, true, "2026-12-31", "2026-01-01", "2026-12-31"},
		"last year on a leap day":       {UnitYear, 1, false, "2024-02-29", "2023-01-01", "2023-12-31"},
		"four hundred years":            {UnitYear, 400, false, "2026-01-01", "1626-01-01", "2025-12-31"},
	}
	for name, c := range cases {
		from, to := RelativeRange{c.unit, c.count, c.current}.Days(noon(c.today))
		if from != c.from || to != c.to {
			t.Errorf("%s on %s: %s to %s, want %s to %s", name, c.today, from, to, c.from, c.to)
		}
	}
}

// Days change at midnight in Japan, whatever the clock's own zone is.
func TestRelativeDaysAreJapanese(t *testing.T) { // FL-1
	today := RelativeRange{UnitDay, 1, true}
	for at, want := range map[string]string{
		"2026-11-25T14:59:59Z": "2026-11-25", "2026-11-25T15:00:00Z": "2026-11-26", "2026-11-25T23:30:00-10:00": "2026-11-26",
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if from, to := today.Days(now); from != want || to != want {
			t.Errorf("at %s today is %s to %s, want %s", at, from, to, want)
		}
	}
}

// unitOf names the unit that holds a day in another way: by its number.
func unitOf(u RelativeUnit, day time.Time) int {
	switch u {
	case UnitWeek:
		return int(day.Unix()/86400+3) / 7 // 1970-01-01 was a Thursday
	case UnitMonth:
		return day.Year()*12 + int(day.Month()) - 1
	case UnitQuarter:
		return day.Year()*4 + (int(day.Month())-1)/3
	case UnitYear:
		return day.Year()
	}
	return int(day.Unix() / 86400)
}

// Over every day of years: a range begins where a unit begins, ends where one
// ends, holds as many units as were asked for, and the last is the one of today
// or the one before it.
func TestRelativeRangesAreWholeUnits(t *testing.T) { // FL-1
	first, days := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), 366*30
	for _, unit := range []RelativeUnit{UnitDay, UnitWeek, UnitMonth, UnitQuarter, UnitYear} {
		for _, count := range []int{1, 2, 3, 7, 12, 13, MaxRelativeCount} {
			for n := range days {
				checkWhole(t, unit, count, first.AddDate(0, 0, n), n%2 == 0)
			}
		}
	}
}

func checkWhole(t *testing.T, unit RelativeUnit, count int, today time.Time, current bool) {
	t.Helper()
	moment := today.Add(-9 * time.Hour) // the beginning of the day in Japan
	from, to := RelativeRange{unit, count, current}.Days(moment)
	begin, _ := time.Parse(time.DateOnly, from)
	end, _ := time.Parse(time.DateOnly, to)
	last := unitOf(unit, today)
	if !current {
		last--
	}
	whole := unitOf(unit, begin.AddDate(0, 0, -1)) == unitOf(unit, begin)-1 && unitOf(unit, end.AddDate(0, 0, 1)) == unitOf(unit, end)+1
	if !whole || unitOf(unit, end) != last || unitOf(unit, begin) != last-count+1 {
		t.Fatalf("%d %s (current %t) on %s: %s to %s", count, unit, current, today.Format(time.DateOnly), from, to)
	}
}
