package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/remote"
)

// there sends the file to a server.
func (i *importFileCmd) there(sh *shell, c *cli, p *progress, file io.Reader) error {
	s, w, err := i.open(sh, c, &p.bar)
	if err != nil {
		return err
	}
	stop := p.during()
	id, status, err := s.StartImport(sh.ctx, remote.ImportInput{
		Name: i.name(), Description: i.Description, Filename: filepath.Base(i.File), File: p.file(file), Options: i.options(),
	})
	stop()
	switch {
	case sh.ctx.Err() != nil && id == "": // what arrived in part is dropped there
		return &core.Error{Code: core.CodeExecution, Reason: "import_cancelled"}
	case err != nil:
		return err
	case i.JSON:
		err = w.print(remote.ImportStep{JobID: id, Status: status, Events: []remote.ImportEvent{}})
	default:
		_, err = fmt.Fprintln(sh.out, id)
	}
	if err != nil || !i.Follow {
		return err
	}
	return w.imported(s, p, id, func(ctx context.Context) error { return s.CancelImport(ctx, id) })
}

type importFollowCmd struct {
	Job string `arg:"" help:"Id of the import: job_…"`
	followFlags
}

// Help shows an example.
func (importFollowCmd) Help() string {
	return `Tells at first all that is kept of the import. Ctrl-C leaves; the import goes on.
Exit code: 0 succeeded, 1 failed, 3 refused, 4 cancelled, 5 its end is not known here.

Example: KARUTA_TOKEN=… karuta import follow job_0193b7d4c7e07c9a8f2b5d1e3a4c6b7d --server https://karuta.example.com`
}

// Run follows the import.
func (i *importFollowCmd) Run(sh *shell, c *cli) error {
	p := sh.watch(0)
	s, w, err := i.open(sh, c, &p.bar)
	if err != nil {
		return err
	}
	return w.imported(s, p, i.Job, nil)
}

// imported follows an import to its end and says what came out.
func (w *watching) imported(s *remote.Server, p *progress, id string, cancel func(context.Context) error) error {
	var last *remote.ImportStep
	var notes []string
	follow := func(ctx context.Context) (err error) {
		last, err = s.FollowImport(ctx, id, func(step *remote.ImportStep) {
			w.missed(step.Missed)
			events := make([]core.ImportEvent, len(step.Events))
			for n, ev := range step.Events {
				if events[n] = ev.ImportEvent; ev.Kind == core.ImportEventNote {
					notes = append(notes, ev.Text)
				}
			}
			p.hear(events)
			if w.flag.JSON {
				_ = w.print(step)
			}
		})
		return err
	}
	if err := w.attend(follow, cancel, "karuta import follow "+id); err != nil {
		return err
	}
	if last.Job != nil && last.Job.Dataset != nil && !w.flag.JSON {
		w.result(last.Job.Dataset, notes)
	}
	return w.ended(last.Status, reasonOf(last))
}

// result says what came out, and what to know of it.
func (w *watching) result(d *remote.ImportedDataset, notes []string) {
	fmt.Fprintf(w.sh.out, "%s  %s: %d rows, %d columns\n", d.ID, d.Name, d.RowCount, len(d.Columns))
	printColumns(w.sh.out, d.Columns)
	for _, note := range notes {
		fmt.Fprintln(w.sh.out, "note:", note)
	}
}

// reasonOf says why an import ended without a dataset, with the place in the file.
func reasonOf(last *remote.ImportStep) string {
	if last.Job == nil || last.Job.Error == nil {
		return string(last.Status)
	}
	e := last.Job.Error
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("%s (line %d, column %d, near %q)", e.Message, e.Line, e.Column, e.Sample)
}
