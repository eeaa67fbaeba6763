package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/remote"
)

// followFlags are those of the verbs that follow something on a server.
type followFlags struct {
	serverFlags
	JSON  bool `name:"json" help:"Print what is told as JSON, one object a line, and nothing else."`
	Quiet bool `short:"q" help:"Show no progress."`
}

// watching is what a verb shows of something that goes on at a server.
type watching struct {
	sh   *shell
	flag *followFlags
	bar  *bar
}

// open opens the server, and says on the bar what happens to the connection.
func (f *followFlags) open(sh *shell, c *cli, b *bar) (*remote.Server, *watching, error) {
	if f.Quiet || f.JSON {
		b.out, b.width = io.Discard, nil
	}
	w := &watching{sh: sh, flag: f, bar: b}
	s, err := f.serverFlags.open(sh, c, func(n remote.Notice) { w.say(notice(language(sh.environ), n)) })
	return s, w, err
}

// say prints a line above the bar, also where no progress is shown.
func (w *watching) say(line string) {
	if w.bar.out == io.Discard {
		fmt.Fprintln(w.sh.err, line)
		return
	}
	w.bar.say(line)
}

// print prints a value as a line of JSON.
func (w *watching) print(value any) error { return json.NewEncoder(w.sh.out).Encode(value) }

// missed says that events are lost.
func (w *watching) missed(count int64) {
	if count > 0 {
		w.bar.say(fmt.Sprintf("karuta: %d steps before this are not known any more", count))
	}
}

// attend follows to the end. Who began it here ends it with Ctrl-C; who came to watch
// only leaves, and is told how to come back.
func (w *watching) attend(follow func(context.Context) error, end func(context.Context) error, back string) error {
	stop := w.bar.during()
	err := follow(w.sh.ctx)
	stop()
	switch {
	case err == nil:
		return nil
	case w.sh.ctx.Err() == nil && errors.Is(err, remote.ErrLost):
		return unwatched{fmt.Errorf("%w; it may go on there; to follow it again: %s", err, back)}
	case w.sh.ctx.Err() == nil:
		return err
	case end == nil:
		return unwatched{fmt.Errorf("left: it goes on at the server; to follow it again: %s", back)}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.sh.ctx), cancelPatience)
	defer cancel()
	// One that ended in this moment cannot be cancelled: its end is what is told.
	refused := end(ctx)
	if err := follow(ctx); err != nil {
		return unwatched{errors.Join(refused, err)}
	}
	return nil
}

// unwatched is something whose end is not known here.
type unwatched struct{ error }

func (u unwatched) Unwrap() error { return u.error }

// ended is how something ended, as the exit code says it; what is wrong is said.
func (w *watching) ended(status core.RunStatus, problem string) error {
	switch status {
	case core.StatusSucceeded:
		return nil
	case core.StatusCancelled:
		fmt.Fprintln(w.sh.err, "karuta:", problem)
		return exit(exitCancelled)
	}
	fmt.Fprintln(w.sh.err, "karuta:", problem)
	return exit(exitFailed)
}
