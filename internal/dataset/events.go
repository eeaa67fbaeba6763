package dataset

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// Bounds of what is kept of a job's events.
const (
	maxEvents    = 100
	maxNoteText  = 500  // characters of a list of columns
	progressStep = 0.05 // between two events that tell nothing else
)

// ImportEvents are what an import told after the number, as far as it is kept. The
// job is one that the service gave.
func (s *Service) ImportEvents(job *core.ImportJob, after int64) ([]core.ImportEvent, error) {
	return eventsAfter(job, after), core.CheckSeq("after", after)
}

func eventsAfter(job *core.ImportJob, after int64) []core.ImportEvent {
	for i, ev := range job.Events {
		if ev.Seq > after {
			return job.Events[i:]
		}
	}
	return nil
}

func lastSeq(job *core.ImportJob) int64 {
	if len(job.Events) == 0 {
		return 0
	}
	return job.Events[len(job.Events)-1].Seq
}

// tell adds an event to a job that is about to be written. What the event leaves
// open is how the job stands.
func tell(j *core.ImportJob, ev core.ImportEvent) {
	ev.Seq, ev.Status, ev.Progress = lastSeq(j)+1, j.Status, max(ev.Progress, j.Progress)
	if ev.At.IsZero() {
		ev.At = store.Now()
	}
	if ev.Stage == "" {
		ev.Stage = j.Stage
	}
	j.Events = append(j.Events, ev)
	j.Events = j.Events[max(0, len(j.Events)-maxEvents):]
}

// editJob changes a job and hands on what the change told; nil when there is none.
func (s *Service) editJob(ctx context.Context, id string, change func(*core.ImportJob) error) (*core.ImportJob, error) {
	var before int64
	job, err := s.Store.Jobs.Edit(ctx, id, func(j *core.ImportJob) error {
		before = lastSeq(j)
		return change(j)
	})
	if err == nil && job != nil {
		s.announce(ctx, job, before)
	}
	return job, err
}

// editMine is editJob for who works on the job: errEnded where another process has
// taken it over.
func (s *Service) editMine(ctx context.Context, job *core.ImportJob, change func(*core.ImportJob) error) (*core.ImportJob, error) {
	return s.editJob(ctx, job.ID, func(j *core.ImportJob) error {
		if j.Worker != job.Worker {
			return errEnded
		}
		return change(j)
	})
}

// Telling publishes each event of an import for whoever watches it.
func Telling(tell core.Tell) func(context.Context, *core.ImportJob, core.ImportEvent) {
	return func(ctx context.Context, job *core.ImportJob, ev core.ImportEvent) {
		tell.Say(ctx, core.ImportTopic(job.ID), core.ImportProgress{
			Status: ev.Status, Stage: ev.Stage, Progress: ev.Progress, Events: []core.ImportEvent{ev},
		})
	}
}

// announce hands on what a job told after the number, now that it is written. Every
// event of every import goes through here, once, in its order.
func (s *Service) announce(ctx context.Context, job *core.ImportJob, after int64) {
	if s.Told == nil {
		return
	}
	for _, ev := range eventsAfter(job, after) {
		s.Told(ctx, job, ev)
	}
}

// notes are what people should know of a file that was read.
func notes(o core.CSVOptions, done *client.ImportDone) (notes []core.ImportEvent) {
	add := func(note core.ImportNote, args map[string]any) {
		notes = append(notes, core.ImportEvent{Kind: core.ImportEventNote, Note: note, Args: args, Rows: done.RowCount})
	}
	if done.Encoding != "" && (o.Delimiter == "" || o.Encoding == "" || o.Encoding == "auto") {
		add(core.NoteFormatFound, map[string]any{"encoding": done.Encoding, "delimiter": visible(done.Delimiter)})
	}
	if o.SkipRows > 0 {
		add(core.NoteLinesSkipped, map[string]any{"count": o.SkipRows})
	}
	if len(done.Renamed) > 0 {
		add(core.NoteColumnsRenamed, map[string]any{"columns": listed(done.Renamed)})
	}
	if len(o.DropColumns) > 0 {
		add(core.NoteColumnsDropped, map[string]any{"columns": listed(o.DropColumns)})
	}
	return notes
}

// visible is a delimiter as people see it.
func visible(delimiter string) string {
	if delimiter == "\t" {
		return "TAB"
	}
	return "“" + delimiter + "”"
}

// listed is a list on one line, without what is too long of it.
func listed(names []string) string {
	all := strings.Join(names, ", ")
	if utf8.RuneCountInString(all) > maxNoteText {
		all = string([]rune(all)[:maxNoteText]) + "…"
	}
	return all
}

// namesOf are the names of columns.
func namesOf(columns []core.Column) (names []string) {
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return names
}
