package transform

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

// forgetful loses the answer of the transaction by which a run succeeds.
type forgetful struct{ table.Engine }

func (f forgetful) Transact(ctx context.Context, token string, ws []table.Write) error {
	err := f.Engine.Transact(ctx, token, ws)
	if err == nil && slices.ContainsFunc(ws, func(x table.Write) bool { return x.Key.Table == table.Executions && x.Item.Str("status") == "success" }) {
		return errors.New("the answer is lost")
	}
	return err
}

// A run that has ended well, and does not hear of it, tells nobody that it failed.
func TestAnAnswerThatIsLostIsNoFailure(t *testing.T) {
	engine, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
	must(t, err)
	t.Cleanup(func() { must(t, engine.Close()) })
	w := openOver(t, accesstest.Over(t, forgetful{engine}, slog.New(slog.DiscardHandler)))
	defer w.end(t)
	tf := w.make(t, w.owner, w.data.ID)
	x := w.ran(t, ExecuteInput{ID: tf.ID})
	events, err := w.Service.Events(w.As(w.owner), x.ID, 0)
	must(t, err)
	if last := events[len(events)-1]; x.Status != core.StatusSucceeded || last.Status != core.StatusSucceeded {
		t.Errorf("ended as %s, and told %+v", x.Status, last)
	}
}
