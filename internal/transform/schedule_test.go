package transform

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/core"
)

const clockForm = "2006-01-02 15:04 -0700"

func timesIn(t interface {
	Helper()
	Fatal(...any)
}, cron, zone string) *timetable {
	t.Helper()
	s, err := checkSchedule("schedule", core.Schedule{Cron: cron, Zone: zone, Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	times, err := timesOf(s)
	if err != nil {
		t.Fatal(err)
	}
	return times
}

func TestSchedulesAreDue(t *testing.T) {
	const tokyo, newYork, howe = "Asia/Tokyo", "America/New_York", "Australia/Lord_Howe"
	for _, c := range []struct {
		name, cron, zone, after string
		want                    []string
	}{
		{"every weekday morning", "30 9 * * MON-FRI", tokyo, "2026-11-27 09:30 +0900", []string{"2026-11-30 09:30 +0900", "2026-12-01 09:30 +0900"}},
		{"a list, a range and a step", "0,15-45/15 8-9 * * *", tokyo, "2026-11-27 08:30 +0900", []string{"2026-11-27 08:45 +0900", "2026-11-27 09:00 +0900"}},
		{"names of months", "0 0 1 jan,JUL *", tokyo, "2026-11-27 00:00 +0900", []string{"2027-01-01 00:00 +0900", "2027-07-01 00:00 +0900"}},
		{"either day where both are named", "0 0 13 * 5", tokyo, "2026-11-07 00:00 +0900", []string{"2026-11-13 00:00 +0900", "2026-11-20 00:00 +0900"}},
		{"leap day", "0 12 29 2 *", tokyo, "2026-11-27 00:00 +0900", []string{"2028-02-29 12:00 +0900", "2032-02-29 12:00 +0900"}},
		{"hourly", "@hourly", tokyo, "2026-11-27 08:59 +0900", []string{"2026-11-27 09:00 +0900", "2026-11-27 10:00 +0900"}},
		{"daily", "@daily", tokyo, "2026-11-27 00:00 +0900", []string{"2026-11-28 00:00 +0900", "2026-11-29 00:00 +0900"}},
		{"weekly", "@weekly", tokyo, "2026-11-27 00:00 +0900", []string{"2026-11-29 00:00 +0900", "2026-12-06 00:00 +0900"}},
		{"monthly", "@monthly", tokyo, "2026-11-27 00:00 +0900", []string{"2026-12-01 00:00 +0900", "2027-01-01 00:00 +0900"}},
		{"what the clock leaves out is due at once after", "30 2 * * *", newYork, "2026-03-07 02:30 -0500", []string{"2026-03-08 03:00 -0400", "2026-03-09 02:30 -0400"}},
		{"two that are left out are one", "10,40 2 * * *", newYork, "2026-03-07 02:40 -0500", []string{"2026-03-08 03:00 -0400", "2026-03-09 02:10 -0400"}},
		{"half an hour left out", "15 2 * * *", howe, "2026-10-03 02:15 +1030", []string{"2026-10-04 02:30 +1100", "2026-10-05 02:15 +1100"}},
		{"what the clock shows twice is due once", "30 1 * * *", newYork, "2026-10-31 01:30 -0400", []string{"2026-11-01 01:30 -0400", "2026-11-02 01:30 -0500"}},
		{"also when asked between the two", "30 1 * * *", newYork, "2026-11-01 01:10 -0500", []string{"2026-11-02 01:30 -0500", "2026-11-03 01:30 -0500"}},
		{"every hour as the hours pass", "30 * * * *", newYork, "2026-11-01 00:30 -0400", []string{"2026-11-01 01:30 -0400", "2026-11-01 01:30 -0500", "2026-11-01 02:30 -0500"}},
		{"every hour over what is left out", "30 * * * *", newYork, "2026-03-08 01:30 -0500", []string{"2026-03-08 03:30 -0400", "2026-03-08 04:30 -0400"}},
		{"a day that an island left out", "0 9 * * *", "Pacific/Apia", "2011-12-29 09:00 -1000", []string{"2011-12-31 00:00 +1400", "2011-12-31 09:00 +1400"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			times := timesIn(t, c.cron, c.zone)
			at, err := time.Parse(clockForm, c.after)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				at = times.next(at)
				if got := at.In(times.zone).Format(clockForm); got != want {
					t.Fatalf("got %s, want %s", got, want)
				}
			}
		})
	}
}

func TestSchedulesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		s             core.Schedule
		field, reason string
	}{
		{core.Schedule{Enabled: true}, "s.cron", "required"},
		{core.Schedule{Cron: "* * * *"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: "* * * * * *"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: "60 * * * *"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: "*/0 * * * *"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: "30-10 * * * *"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: "0 0 * * 7"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: "0 0 * * FOO"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: ",, * * * *"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: "@every 10s"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: "@yearly"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: "TZ=UTC"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: "CRON_TZ=UTC 0 0 * * *"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: strings.Repeat("1,", 50) + "1 * * * *"}, "s.cron", "bad_cron"},
		{core.Schedule{Cron: "0 0 30 2 *"}, "s.cron", "never_due"},
		{core.Schedule{Cron: "0 0 31 4,6,9,11 *"}, "s.cron", "never_due"},
		{core.Schedule{Cron: "@daily", Zone: "Asia/Edo"}, "s.zone", "bad_zone"},
		{core.Schedule{Cron: "@daily", Zone: "Local"}, "s.zone", "bad_zone"},
		{core.Schedule{Cron: "@daily", Zone: "../../etc/passwd"}, "s.zone", "bad_zone"},
		{core.Schedule{Cron: "@daily", CatchUp: "ALL"}, "s.catchUp", "bad_choice"},
	} {
		_, err := checkSchedule("s", c.s)
		problem, ok := errors.AsType[*core.Error](err)
		if !ok || problem.Field != c.field || problem.Reason != c.reason {
			t.Errorf("%+v: got %v, want %s at %s", c.s, err, c.reason, c.field)
		}
	}
}

func TestAScheduleIsFilledIn(t *testing.T) {
	got, err := checkSchedule("s", core.Schedule{Cron: "@daily"})
	if want := (core.Schedule{Cron: "@daily", Zone: "Asia/Tokyo", CatchUp: core.CatchUpRunOnce}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A naive model walks from minute to minute and looks at the clock on the wall.
func TestDueTimesAreThoseOfTheClock(t *testing.T) {
	zones := []string{"Asia/Tokyo", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca"}
	changes := map[string][]time.Time{}
	for _, zone := range zones {
		changes[zone] = changesOf(t, zone)
	}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		cron := fmt.Sprintf("%s %s %s", minuteOrHour(t, "minute", 59), minuteOrHour(t, "hour", 5), rapid.SampledFrom([]string{"* * *", "* * 0", "*/2 * *", "1-15 * 6"}).Draw(t, "days"))
		around := rapid.SampledFrom(changes[zone]).Draw(t, "around")
		begin := around.Add(-time.Duration(rapid.IntRange(0, 36*60*60).Draw(t, "before")) * time.Second)
		end := around.Add(36 * time.Hour)

		times := timesIn(t, cron, zone)
		want, got := walked(times, begin, end), []time.Time{}
		for at := times.next(begin); !at.IsZero() && !at.After(end); at = times.next(at) {
			got = append(got, at)
		}
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("%s in %s after %s:\ngot  %v\nwant %v", cron, zone, begin, got, want)
		}
		var last time.Time
		if len(want) > 0 {
			last = want[len(want)-1]
		}
		if latest := times.latest(begin, end); !latest.Equal(last) {
			t.Fatalf("%s in %s until %s: latest is %v, want %v", cron, zone, end, latest, last)
		}
	})
}

func minuteOrHour(t *rapid.T, name string, most int) string {
	n := rapid.IntRange(0, most).Draw(t, name)
	return rapid.SampledFrom([]string{"*", "*/2", "*/7", fmt.Sprint(n), fmt.Sprintf("%d,%d", n, most), fmt.Sprintf("0-%d", n)}).Draw(t, name+" form")
}

// changesOf are the moments when a zone's clocks are set, and one when they are not.
func changesOf(t *testing.T, zone string) []time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2016, 1, 1, 0, 0, 0, 0, loc)
	found := []time.Time{at}
	for range 20 {
		_, end := at.ZoneBounds()
		if end.IsZero() {
			break
		}
		found, at = append(found, end), end
	}
	return found
}

// walked are the due times in (begin, end], minute by minute.
func walked(times *timetable, begin, end time.Time) []time.Time {
	due := []time.Time{}
	shown := map[string]bool{} // what the clock showed already
	first := begin.Truncate(time.Minute).Add(-48 * time.Hour)
	before := first
	for at := first; !at.After(end); at = at.Add(time.Minute) {
		if isDue(times, shown, before, at) && at.After(begin) {
			due = append(due, at)
		}
		before = at
	}
	return due
}

// isDue tells whether what the clock shows now, or left out just before, is in
// the schedule for the first time.
func isDue(times *timetable, shown map[string]bool, before, at time.Time) bool {
	const form = "2006-01-02 15:04"
	clock := at.In(times.zone)
	defer func() { shown[clock.Format(form)] = true }()
	if times.hourly {
		return matches(times, clock)
	}
	due := matches(times, clock) && !shown[clock.Format(form)]
	was := onTheWall(before, before.In(times.zone))
	for out := was.Add(time.Minute); out.Before(onTheWall(at, clock)); out = out.Add(time.Minute) {
		due = due || matches(times, out)
	}
	return due
}

func matches(times *timetable, clock time.Time) bool {
	w := times.wall
	const star = 1 << 63
	dom, dow := w.Dom>>clock.Day()&1 == 1, w.Dow>>clock.Weekday()&1 == 1
	day := dom || dow
	if (w.Dom|w.Dow)&star != 0 {
		day = dom && dow
	}
	return day && w.Minute>>clock.Minute()&1 == 1 && w.Hour>>clock.Hour()&1 == 1 && w.Month>>clock.Month()&1 == 1
}
