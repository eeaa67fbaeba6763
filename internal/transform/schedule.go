package transform

import (
	"regexp"
	"time"
	_ "time/tzdata" // zones on machines that have none

	"github.com/robfig/cron/v3"

	"github.com/karuta-bi/karuta/internal/core"
)

// Bounds of a schedule, in bytes.
const (
	maxCron = 100
	maxZone = 64
)

const defaultZone = "Asia/Tokyo"

// cronForm is what the five fields may look like: lists of values, ranges and
// steps. The library would read more into them than people mean.
var cronForm = func() *regexp.Regexp {
	const value = `(?:\d{1,2}|[A-Za-z]{3})`
	const item = `(?:\*|` + value + `(?:-` + value + `)?)(?:/\d{1,2})?`
	const field = item + `(?:,` + item + `)*`
	return regexp.MustCompile(`^(?:@(?:hourly|daily|weekly|monthly)|` + field + `(?:[ \t]+` + field + `){4})$`)
}()

var cronParser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// timetable says when a schedule is due. What the clock on the wall shows once
// is due once, also where the clock is put back and shows it twice; what it
// leaves out where it is put forward is due at the first moment after. A schedule
// of every hour goes on as the hours pass, without a gap and without a doubling.
type timetable struct {
	wall   *cron.SpecSchedule // of the clock on the wall, as if it stood in UTC
	hourly bool
	zone   *time.Location
}

// checkSchedule checks a schedule that somebody saves, and fills in what they
// left out. The field is where the input has it.
func checkSchedule(field string, s core.Schedule) (core.Schedule, error) {
	if s.Zone == "" {
		s.Zone = defaultZone
	}
	if s.CatchUp == "" {
		s.CatchUp = core.CatchUpRunOnce
	}
	if s.CatchUp != core.CatchUpRunOnce && s.CatchUp != core.CatchUpSkip {
		return s, core.Invalid(field+".catchUp", "bad_choice", "choices", "RUN_ONCE, SKIP")
	}
	zone, err := zoneNamed(field+".zone", s.Zone)
	switch {
	case err != nil:
		return s, err
	case s.Cron == "" && s.Enabled:
		return s, core.Invalid(field+".cron", "required")
	case s.Cron == "":
		return s, nil
	}
	times, err := newTimetable(field+".cron", s.Cron, zone)
	if err == nil && times.next(time.Now()).IsZero() {
		err = core.Invalid(field+".cron", "never_due")
	}
	return s, err
}

// timesOf is the timetable of a schedule that was saved; nil where none is on.
func timesOf(s core.Schedule) (*timetable, error) {
	if !s.Enabled {
		return nil, nil
	}
	zone, err := zoneNamed("zone", s.Zone)
	if err != nil {
		return nil, err
	}
	return newTimetable("cron", s.Cron, zone)
}

func newTimetable(field, text string, zone *time.Location) (*timetable, error) {
	if len(text) > maxCron || !cronForm.MatchString(text) {
		return nil, core.Invalid(field, "bad_cron")
	}
	parsed, err := cronParser.Parse(text)
	wall, ok := parsed.(*cron.SpecSchedule)
	if err != nil || !ok {
		return nil, &core.Error{Code: core.CodeValidation, Reason: "bad_cron", Field: field, Cause: err}
	}
	const everyHour = 1<<24 - 1
	wall.Location = time.UTC
	return &timetable{wall: wall, hourly: wall.Hour&everyHour == everyHour, zone: zone}, nil
}

// zoneNamed is a zone by its IANA name, "" the default one.
func zoneNamed(field, name string) (*time.Location, error) {
	if name == "" {
		name = defaultZone
	}
	if len(name) > maxZone || name == "Local" {
		return nil, core.Invalid(field, "bad_zone")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, &core.Error{Code: core.CodeValidation, Reason: "bad_zone", Field: field, Cause: err}
	}
	return zone, nil
}

// next is the first due time after the moment; zero where there is none within
// five years.
func (t *timetable) next(after time.Time) time.Time {
	at := after.In(t.zone)
	from := later(onTheWall(at, at), t.shownBefore(at))
	for {
		begin, end := at.ZoneBounds()
		shown := t.wall.Next(from)
		if shown.IsZero() {
			return shown
		}
		_, ahead := at.Zone()
		due := later(shown.Add(-time.Duration(ahead)*time.Second), begin)
		if end.IsZero() || due.Before(end) {
			return due.UTC()
		}
		at = end
		from = t.shownBefore(at)
	}
}

// latest is the last due time after the one moment and not after the other; zero
// where there is none.
func (t *timetable) latest(after, until time.Time) time.Time {
	for back := time.Minute; ; back *= 2 {
		from := later(after, until.Add(-back))
		due := t.next(from)
		if due.IsZero() || due.After(until) {
			if from.Equal(after) {
				return time.Time{}
			}
			continue
		}
		for {
			following := t.next(due)
			if following.IsZero() || following.After(until) {
				return due
			}
			due = following
		}
	}
}

// backlog is what has come due of a schedule.
type backlog struct {
	missed []time.Time // before the newest, each by itself; the first alone where until is set
	until  time.Time   // the last of those that were missed, where they are too many to name
	newest time.Time   // zero for none
	next   time.Time   // what is to come, zero for nothing
}

// backlog is what has come due from the first due time on, which nobody has
// decided yet. Of a schedule that is off, nil, that is the first alone.
func (t *timetable) backlog(first, now time.Time) backlog {
	switch {
	case t == nil:
		return backlog{newest: first}
	case first.IsZero() || first.After(now):
		return backlog{next: first}
	}
	b := backlog{newest: later(first, t.latest(first, now))}
	b.next = t.next(b.newest)
	for due := first; due.Before(b.newest); due = t.next(due) {
		if len(b.missed) == missedAlone {
			b.missed, b.until = b.missed[:1], t.latest(first, b.newest.Add(-time.Nanosecond))
			break
		}
		b.missed = append(b.missed, due)
	}
	return b
}

// shownBefore is what the clock showed last that does not count any more when it
// was set to how it goes at the moment.
func (t *timetable) shownBefore(at time.Time) time.Time {
	begin, _ := at.ZoneBounds()
	if begin.IsZero() {
		return begin
	}
	as := begin.Add(-time.Nanosecond)
	if t.hourly {
		as = begin
	}
	return onTheWall(begin, as).Add(-time.Second)
}

// onTheWall is what a clock shows at the moment that goes as clocks did at the
// other one, written as a time in UTC.
func onTheWall(at, as time.Time) time.Time {
	_, ahead := as.Zone()
	return at.UTC().Add(time.Duration(ahead) * time.Second)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
