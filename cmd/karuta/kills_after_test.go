package main

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/app"
	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

const (
	allVersions = `query($id: ID!, $after: String) { dataset(id: $id) { dataVersion rowCount versions(first: 100, after: $after) { nodes { number rowCount jobId } pageInfo { hasNextPage endCursor } } } }`
	allRuns     = `query($id: ID!) { transform(id: $id) { executions(first: 100) { nodes { id status error { code message } } } } }`
	freshCard   = `mutation($input: ExecuteCardInput!) { executeCard(input: $input) { result { html stale } } }`
	restoreOne  = `mutation($input: RestoreDatasetVersionInput!) { restoreDatasetVersion(input: $input) { version { number } } }`
)

// checkAnswers looks, when all is calm, at what people are told: each job and each
// run has ended and says how, and the datasets hold exactly what succeeded.
func (w *workshop) checkAnswers() {
	w.t.Helper()
	c := w.client()
	ended := map[string]map[string]string{w.appended: {}, w.replaced: {}, w.copied: {}, "": {}}
	for _, b := range w.sent {
		if b.job != "" {
			ended[b.dataset][b.name] = w.checkEnd(b)
		}
	}
	for _, x := range c.Must(w.t, allRuns, map[string]any{"id": w.transform}).Get("transform.executions.nodes").([]any) {
		w.checkSaid(x.(map[string]any))
	}
	there := w.checkCard(w.appended)
	for name, status := range ended[w.appended] {
		if (status == "SUCCEEDED") != slices.Contains(there, name) {
			w.t.Errorf("%s ended as %s, the dataset has %v", name, status, there)
		}
	}
	if now := w.checkCard(w.replaced); ended[w.replaced][now[0]] == "FAILED" {
		w.t.Errorf("the dataset holds %v, which failed", now)
	}
	c.Must(w.t, restoreOne, input("id", w.replaced, "number", 1))
	if first := w.checkCard(w.replaced); !strings.HasPrefix(first[0], "first-") {
		w.t.Errorf("the first version brings %v back", first)
	}
	for dataset, ends := range ended {
		if !slices.Contains(slices.Collect(maps.Values(ends)), "SUCCEEDED") {
			w.t.Errorf("nothing of %q succeeds, also when nothing is killed: %v", dataset, ends)
		}
	}
	for _, wrong := range w.wrong {
		w.t.Error(wrong)
	}
}

// checkEnd looks how a job or a run ended, and at the version of one that succeeded.
func (w *workshop) checkEnd(b batch) string {
	w.t.Helper()
	query, root := jobState, "importJob"
	if b.dataset == w.copied {
		query, root = runState, "execution"
	}
	a := w.client().Do(w.t, query, map[string]any{"id": b.job})
	said, _ := a.Get(root).(map[string]any)
	status := w.checkSaid(said)
	if status != "SUCCEEDED" || said["confirmation"] != nil || root == "execution" {
		if rows, ok := said["outputRowCount"].(float64); ok && int(rows) != b.rows {
			w.t.Errorf("%s wrote %v rows", b.name, rows)
		}
		return status
	}
	id := a.Str("importJob.dataset.id")
	versions := w.client().Must(w.t, allVersions, map[string]any{"id": id})
	for more := true; more; {
		for _, v := range versions.Get("dataset.versions.nodes").([]any) {
			v := v.(map[string]any)
			if v["jobId"] == b.job && (b.dataset == w.appended || v["rowCount"] == float64(b.rows)) {
				return status
			}
		}
		if more = versions.Get("dataset.versions.pageInfo.hasNextPage") == true; more {
			versions = w.client().Must(w.t, allVersions, map[string]any{"id": id, "after": versions.Get("dataset.versions.pageInfo.endCursor")})
		}
	}
	w.t.Errorf("%s succeeded without a version of %d rows: %s", b.name, b.rows, versions.Raw)
	return status
}

// checkSaid looks whether something has ended and, if it went wrong, says what happened.
func (w *workshop) checkSaid(said map[string]any) string {
	w.t.Helper()
	status, _ := said["status"].(string)
	problem, _ := said["error"].(map[string]any)
	message, _ := problem["message"].(string)
	switch {
	case status == "SUCCEEDED" && problem == nil:
	case status == "FAILED" && problem["code"] != "INTERNAL_ERROR" && message != "" && !strings.Contains(message, "half an input"):
	default:
		w.t.Errorf("ended as %v", said)
	}
	return status
}

// checkCard reads all of a dataset with a card and compares it with its numbers.
func (w *workshop) checkCard(dataset string) (names []string) {
	w.t.Helper()
	c := w.client()
	var counted apptest.Answer
	until(w.t, func() bool { // while Python starts again the last good result stands in
		counted = c.Do(w.t, freshCard, input("cardId", w.cards[dataset]))
		return counted.Get("executeCard.result.stale") == false
	})
	names = w.checkCount(dataset, counted.Str("executeCard.result.html"))
	rows := 0
	for _, name := range names {
		rows += w.known(name).rows
	}
	d := c.Must(w.t, allVersions, map[string]any{"id": dataset})
	if d.Get("dataset.rowCount") != float64(rows) || d.Get("dataset.versions.nodes.0.rowCount") != float64(rows) || d.Get("dataset.versions.nodes.0.number") != d.Get("dataset.dataVersion") {
		w.t.Errorf("%d rows in %v, but %s", rows, names, d.Raw)
	}
	return names
}

// checkFiles looks, when the Karuta has ended and a day is over, at what is left:
// no process, no file of a run's, and of the data exactly what versions name.
func (w *workshop) checkFiles(dir string, had []live) {
	w.t.Helper()
	for _, l := range had {
		l.gone(w.t)
	}
	until(w.t, func() bool { return len(strays(dir)) == 0 })
	if left, err := os.ReadDir(filepath.Join(dir, "executor", "data")); len(left) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Errorf("left in the workers' folder: %v, %v", left, err)
	}
	for _, l := range had {
		words := strings.Fields(l.name)
		if room := words[max(0, len(words)-1):]; l.kind == aZygote && strings.Contains(room[0], "/tmp/") {
			if _, err := os.Stat(room[0]); !errors.Is(err, fs.ErrNotExist) {
				w.t.Errorf("a folder of runs is left: %s, %v", room, err)
			}
		}
	}
	a := reopened(w.t, dir)
	if err := a.Datasets.Retain(core.AsSystem(w.t.Context(), "test"), store.Now().Add(48*time.Hour)); err != nil {
		w.t.Error(err)
	}
	checkStore(w.t, a)
}

// reopened is the Karuta's services over what the killed ones left.
func reopened(t *testing.T, dir string) *app.App {
	t.Helper()
	c, _, err := config.Load(append(environment(), "ENV=local", "DATA_DIR="+dir))
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(context.Background(), c, telemetry.NewLogger(t.Output(), telemetry.Options{Level: c.LogLevel}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func checkStore(t *testing.T, a *app.App) {
	t.Helper()
	ctx := t.Context()
	jobs, err := a.Store.Jobs.Open(ctx)
	staged, stagedErr := a.Store.Jobs.Staged(ctx)
	runs, runsErr := a.Store.Executions.Open(ctx, time.Time{})
	if err := errors.Join(err, stagedErr, runsErr); err != nil || len(jobs)+len(staged)+len(runs) > 0 {
		t.Errorf("still open: %d imports, %d to be confirmed, %d runs, %v", len(jobs), len(staged), len(runs), err)
	}
	transforms, err := a.Store.Transforms.List(ctx, nil, core.PageArgs{First: core.MaxPage})
	for _, tf := range transforms.Nodes {
		if state, stateErr := a.Store.Transforms.State(ctx, tf.ID); stateErr != nil || state != nil && state.RunningID != "" {
			t.Errorf("a transform's state is %+v, %v", state, stateErr)
		}
	}
	if err != nil {
		t.Error(err)
	}
	named, folders := namedObjects(t, a), map[string]bool{}
	for key := range named {
		folders[path.Dir(key)+"/"] = true
	}
	err = a.Blobs.List(ctx, "", func(info blob.Info) error {
		if folder, _, _ := strings.Cut(info.Key, "/"); folder != "results" && folder != "snapshots" && !named[info.Key] && !beside(info.Key, folders) {
			t.Errorf("nothing names %s", info.Key)
		}
		delete(named, info.Key)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for key := range named {
		t.Errorf("%s is gone", key)
	}
}

// beside tells whether an object is a summary that goes with the parts in its folder.
func beside(key string, folders map[string]bool) bool {
	folder, is := strings.CutSuffix(key, "summary.jsonl")
	return is && folders[strings.TrimSuffix(folder, "whole/")]
}

// namedObjects are the objects that versions name.
func namedObjects(t *testing.T, a *app.App) map[string]bool {
	t.Helper()
	named := map[string]bool{}
	all, err := a.Store.Datasets.List(t.Context(), core.PageArgs{First: core.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all.Nodes {
		versions, err := a.Store.Datasets.Versions(t.Context(), d.ID)
		if err != nil || len(versions) == 0 {
			t.Errorf("%s: %d versions, %v", d.ID, len(versions), err)
		}
		for _, v := range versions {
			for _, key := range v.Parts {
				named[key] = true
			}
			if v.Summary != "" {
				named[v.Summary] = true
			}
		}
	}
	return named
}
