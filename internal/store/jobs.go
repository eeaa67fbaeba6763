package store

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Jobs is bi_jobs: JOB#id / METADATA. Open jobs are in a sparse index, so that a
// restart finds what it interrupted with one query, and so are those that wait to
// be confirmed; ended jobs go after 90 days.
type Jobs struct{ e table.Engine }

const (
	importJobs = "IMPORT"
	stagedJobs = "STAGED"
	jobKept    = 90 * 24 * time.Hour
	sortedTime = "2006-01-02T15:04:05.000Z"
)

func jobKey(id string) table.Key { return table.Key{Table: table.Jobs, PK: "JOB#" + id, SK: metadata} }

func jobVersioned(id string) versioned[core.ImportJob] {
	return versioned[core.ImportJob]{
		key: jobKey(id), read: readJob, write: writeJob,
		version: func(j *core.ImportJob) *int64 { return &j.Version },
		touch:   func(j *core.ImportJob, t time.Time) { j.Heartbeat = t },
	}
}

func writeJob(j *core.ImportJob) table.Item {
	it := table.Item{
		"job_id": j.ID, "kind": string(j.Kind), "status": string(j.Status), "name": j.Name, "dataset_id": j.DatasetID,
		"owner_id": j.OwnerID, "source_key": j.SourceKey, "source_bytes": j.SourceBytes,
		"progress": j.Progress, "version": j.Version, "base_version": j.Base,
	}
	putStr(it, "description", j.Description)
	putStr(it, "stage", string(j.Stage))
	putStr(it, "worker", j.Worker)
	if j.Attempt > 0 {
		it["attempt"] = int64(j.Attempt)
	}
	if j.Cancel {
		it["cancel"] = true
	}
	if raw, err := json.Marshal(j.Options); err == nil {
		it["options"] = string(raw)
	}
	putJSON(it, "problem", j.Problem)
	putJSON(it, "s3_object", j.S3)
	putJSON(it, "staged", j.Staged)
	putList(it, "decisions", j.Decisions)
	putList(it, "events", j.Events)
	switch {
	case !j.Status.Final():
		it["open_kind"] = importJobs
	case j.Staged != nil:
		it["open_kind"] = stagedJobs
	default:
		it["ttl"] = j.FinishedAt.Add(jobKept).Unix()
	}
	it["asked"] = asked(j)
	putTime(it, "heartbeat", j.Heartbeat)
	putTime(it, "created_at", j.CreatedAt)
	putTime(it, "started_at", j.StartedAt)
	putTime(it, "finished_at", j.FinishedAt)
	return it
}

func readJob(it table.Item) *core.ImportJob {
	j := &core.ImportJob{
		ID: it.Str("job_id"), Status: core.RunStatus(it.Str("status")), Name: it.Str("name"), Description: it.Str("description"),
		Kind: core.ImportKind(it.Str("kind")), DatasetID: it.Str("dataset_id"), Base: it.Int("base_version"), OwnerID: it.Str("owner_id"),
		SourceKey: it.Str("source_key"), SourceBytes: it.Int("source_bytes"), Progress: it.Float("progress"), Version: it.Int("version"),
		Stage: core.ImportStage(it.Str("stage")), Attempt: int(it.Int("attempt")), Worker: it.Str("worker"), Cancel: it.Bool("cancel"),
		Heartbeat: getTime(it, "heartbeat"), CreatedAt: getTime(it, "created_at"),
		StartedAt: getTime(it, "started_at"), FinishedAt: getTime(it, "finished_at"),
	}
	_ = json.Unmarshal([]byte(it.Str("options")), &j.Options) // written by writeJob
	if it.Bool("append") {                                    // from before there were kinds
		j.Kind = core.ImportAppend
	}
	j.Kind = cmp.Or(j.Kind, core.ImportNew)
	j.Problem = getJSON[core.ImportProblem](it, "problem")
	j.S3, j.Staged = getJSON[core.S3Object](it, "s3_object"), getJSON[core.StagedVersion](it, "staged")
	j.Decisions = getList[core.ColumnDecision](it, "decisions")
	j.Events = getList[core.ImportEvent](it, "events")
	return j
}

// Create writes a new job; DUPLICATE_ERROR where there is one with the id.
func (r *Jobs) Create(ctx context.Context, j *core.ImportJob) error {
	j.Version = 1
	ws := []table.Write{table.Put(jobKey(j.ID), writeJob(j), table.IfAbsent())}
	err := apply(ctx, r.e, append(ws, onceWrites(ctx, j.ID)...))
	if table.ConditionFailed(err) != nil {
		return &core.Error{Code: core.CodeDuplicate, Cause: err}
	}
	return err
}

// Get reads a job; nil when there is none.
func (r *Jobs) Get(ctx context.Context, id string) (*core.ImportJob, error) {
	it, err := r.e.Get(ctx, jobKey(id))
	if err != nil || it == nil {
		return nil, err
	}
	return readJob(it), nil
}

// Edit changes a job under its version; nil when there is none.
func (r *Jobs) Edit(ctx context.Context, id string, change func(*core.ImportJob) error) (*core.ImportJob, error) {
	return edit(ctx, r.e, jobVersioned(id), 0, func(j *core.ImportJob) ([]table.Write, error) {
		return nil, change(j)
	})
}

// asked sorts the jobs of a person: ids that idempotency keys made before tell no time.
func asked(j *core.ImportJob) string { return j.CreatedAt.UTC().Format(sortedTime) + "#" + j.ID }

// ByOwner lists somebody's imports, newest first.
func (r *Jobs) ByOwner(ctx context.Context, ownerID string, p core.PageArgs) (core.Page[*core.ImportJob], error) {
	start, err := afterAsked(p.After)
	if err != nil {
		return core.Page[*core.ImportJob]{}, err
	}
	jobs, err := collectAs(ctx, r.e, table.Query{Table: table.Jobs, Index: table.JobsByOwner, PK: ownerID, Desc: true, Start: start}, p.First+1, readJob)
	if err != nil {
		return core.Page[*core.ImportJob]{}, err
	}
	return pageOf(jobs, p.First, asked), nil
}

// afterAsked is the position of a cursor of ByOwner.
func afterAsked(after string) (*table.Position, error) {
	if after == "" {
		return nil, nil
	}
	at, id, ok := strings.Cut(after, "#")
	if _, err := time.Parse(sortedTime, at); !ok || err != nil || core.CheckID("after", id, core.NounJob) != nil {
		return nil, core.Invalid("after", "bad_cursor")
	}
	return &table.Position{PK: jobKey(id).PK, SK: metadata, Sort: after}, nil
}

// Open lists the imports that have not ended.
func (r *Jobs) Open(ctx context.Context) ([]*core.ImportJob, error) {
	return collectAs(ctx, r.e, table.Query{Table: table.Jobs, Index: table.JobsOpen, PK: importJobs}, 0, readJob)
}

// Staged lists the imports whose versions wait to be confirmed.
func (r *Jobs) Staged(ctx context.Context) ([]*core.ImportJob, error) {
	return collectAs(ctx, r.e, table.Query{Table: table.Jobs, Index: table.JobsOpen, PK: stagedJobs}, 0, readJob)
}
