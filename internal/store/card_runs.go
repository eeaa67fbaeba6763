package store

import (
	"context"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// cardRunKept is how long a run of a card is remembered.
const cardRunKept = 30 * 24 * time.Hour

const cardRunPrefix = "RUN#"

func cardRunKey(r *core.CardRun) table.Key {
	return table.Key{Table: table.Cards, PK: "CARD#" + r.CardID, SK: cardRunPrefix + r.ID}
}

func writeCardRun(r *core.CardRun) table.Item {
	it := table.Item{
		"run_id": r.ID, "run_card_id": r.CardID, "dataset_version": r.DatasetVersion, "code_hash": r.CodeHash, "rows_in": r.RowsIn,
		"wait_ms": r.WaitMS, "read_ms": r.ReadMS, "run_ms": r.RunMS, "html_bytes": r.HTMLBytes, "ttl": r.At.Add(cardRunKept).Unix(),
	}
	putStr(it, "run_dataset_id", r.DatasetID)
	putStr(it, "run_user_id", r.UserID)
	putStr(it, "run_dashboard_id", r.DashboardID)
	putStr(it, "error_code", string(r.Code))
	putStr(it, "error_reason", r.Reason)
	putStr(it, "snapshot_id", r.SnapshotID)
	putList(it, "filters", r.Filters)
	if len(r.Args) > 0 {
		putJSON(it, "error_args", &r.Args)
	}
	putTime(it, "at", r.At)
	return it
}

func readCardRun(it table.Item) *core.CardRun {
	r := &core.CardRun{
		ID: it.Str("run_id"), CardID: it.Str("run_card_id"), At: getTime(it, "at"), UserID: it.Str("run_user_id"), DashboardID: it.Str("run_dashboard_id"),
		Code: core.Code(it.Str("error_code")), Reason: it.Str("error_reason"), DatasetID: it.Str("run_dataset_id"), DatasetVersion: it.Int("dataset_version"),
		CodeHash: it.Str("code_hash"), RowsIn: it.Int("rows_in"), WaitMS: it.Float("wait_ms"), ReadMS: it.Float("read_ms"), RunMS: it.Float("run_ms"),
		HTMLBytes: it.Int("html_bytes"), SnapshotID: it.Str("snapshot_id"),
		Filters: getList[core.FilterValue](it, "filters"),
	}
	if args := getJSON[map[string]any](it, "error_args"); args != nil {
		r.Args = *args
	}
	return r
}

// KeepRuns writes runs into the logs of their cards, a hundred a call.
func (r *Cards) KeepRuns(ctx context.Context, runs []*core.CardRun) error {
	for part := range slices.Chunk(runs, table.MaxTransact) {
		writes := make([]table.Write, len(part))
		for i, run := range part {
			writes[i] = table.Put(cardRunKey(run), writeCardRun(run), table.Always())
		}
		if err := r.e.Transact(ctx, "", writes); err != nil {
			return err
		}
	}
	return nil
}

// Runs lists the newest runs of a card, newest first. They are forgotten after 30 days.
func (r *Cards) Runs(ctx context.Context, cardID string, last int) ([]*core.CardRun, error) {
	return collectAs(ctx, r.e, table.Query{Table: table.Cards, PK: "CARD#" + cardID, Prefix: cardRunPrefix, Desc: true}, last, readCardRun)
}
