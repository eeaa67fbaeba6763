package core

import "time"

// Transform is Python that turns one or more datasets into a new version of one
// dataset, its output.
type Transform struct {
	ID          string
	Name        string
	Description string
	Code        string // Python with def transform(inputs, params)
	Params      string // JSON object handed to transform as params, "" is {}
	Inputs      []TransformInput
	OutputID    string // the output: reserved when the transform is made, readable once a run has succeeded
	OutputName  string // of the output when the first run makes it
	Schedule    Schedule
	OwnerID     string
	Version     int64 // optimistic lock
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// TransformInput is a dataset that a transform reads. Its code finds it under
// the dataset's id and, where there is one, under the alias.
type TransformInput struct {
	DatasetID string `json:"datasetId"`
	Alias     string `json:"alias,omitempty"`
}

// CatchUp is what becomes of due times that passed while no scheduler ran.
type CatchUp string

// The newest missed time is run once, or none is. Each missed time that is not
// run is recorded with the reason.
const (
	CatchUpRunOnce CatchUp = "RUN_ONCE"
	CatchUpSkip    CatchUp = "SKIP"
)

// Schedule says when a transform runs by itself.
type Schedule struct {
	Cron    string  `json:"cron,omitempty"` // five fields, "" for none
	Zone    string  `json:"zone,omitempty"` // IANA name, "" is Asia/Tokyo
	Enabled bool    `json:"enabled,omitempty"`
	CatchUp CatchUp `json:"catchUp,omitempty"` // "" is CatchUpRunOnce
}

// TransformState is what schedulers and runs change of a transform, apart from
// it, so that they never stand in the way of who edits it.
type TransformState struct {
	TransformID string
	NextRunAt   time.Time // the next due time; zero where no schedule is on
	RunningID   string    // the execution that has the transform, "" for none
	Version     int64
}

// SchedulerLease tells which process looks after the schedules, so that the others
// need not.
type SchedulerLease struct {
	Holder   string
	TickedAt time.Time // when it looked last
	Version  int64
}

// Trigger is what made a transform run.
type Trigger string

// The triggers, with the names the runbook uses.
const (
	TriggerManual   Trigger = "manual"
	TriggerSchedule Trigger = "schedule"
)

// Execution is one run of a transform, or the reason why a due time had none.
type Execution struct {
	ID          string // exec_<transform>_<own>
	TransformID string
	Status      RunStatus
	Trigger     Trigger
	DueAt       time.Time // of a scheduled run
	DueUntil    time.Time // the last of the due times that one stands for which was skipped together with others, zero for a single one
	RequestedBy string    // who asked; of scheduled runs the transform's owner
	Params      string    // JSON object that the run gets
	CodeHash    string
	Inputs      []ExecutionInput
	OutputID    string // dataset that the run writes a version of
	OutputVer   int64  // number of the version that it wrote, 0 until then
	OutputRows  int64
	Attempt     int64   // from 1; more where the executor was lost on the way
	Progress    float64 // 0..1, as the code tells it
	Problem     *RunProblem
	Reason      SkipReason // why a due time had no run, "" for runs
	Executor    string     // version of the executor that ran it
	CancelledBy string
	Heartbeat   time.Time
	Version     int64
	CreatedAt   time.Time
	StartedAt   time.Time
	FinishedAt  time.Time
}

// ExecutionInput is what a run read of a dataset.
type ExecutionInput struct {
	DatasetID string `json:"datasetId"`
	Alias     string `json:"alias,omitempty"`
	Version   int64  `json:"version"`
	Rows      int64  `json:"rows"`
}

// RunProblem is why a run failed. The traceback is for the code's owner.
type RunProblem struct {
	Code      Code           `json:"code"`
	Reason    string         `json:"reason,omitempty"`
	Args      map[string]any `json:"args,omitempty"`
	Traceback *Traceback     `json:"traceback,omitempty"`
}

// RunEventKind is what an event of a run tells.
type RunEventKind string

// The kinds of events.
const (
	RunEventStatus   RunEventKind = "STATUS"
	RunEventProgress RunEventKind = "PROGRESS"
	RunEventLog      RunEventKind = "LOG"
)

// RunEvent is one step of a run, as it is told while it goes on and kept after.
type RunEvent struct {
	Seq      int64        `json:"seq"` // from 1, without gaps within a run
	At       time.Time    `json:"at"`
	Kind     RunEventKind `json:"kind"`
	Status   RunStatus    `json:"status,omitempty"`
	Progress float64      `json:"progress,omitempty"` // 0..1
	Text     string       `json:"text,omitempty"`     // what the code says of its progress, or a line that it printed

	// Of a run that waits for its turn: where it stands in the executor's queue, from 1,
	// and for how long, guessed by how long runs took lately.
	Position    int     `json:"position,omitempty"`
	WaitSeconds float64 `json:"waitSeconds,omitempty"`
}
