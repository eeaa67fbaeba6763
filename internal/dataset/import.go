package dataset

import (
	"context"
	"io"
	"slices"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/drain"
	"github.com/karuta-bi/karuta/internal/store"
)

// maxOpen bounds the imports that run or wait in this process.
const maxOpen = 100

// ImportInput asks for an import. AppendTo is the dataset that gets the file
// as its next part, "" makes a new dataset. OwnerID is for the operator, who
// imports on somebody's behalf; people import for themselves.
type ImportInput struct {
	Name        string
	Description string
	Filename    string // as the client named it; only for the log
	File        io.Reader
	Options     core.CSVOptions
	Classes     []ColumnClass // of columns, decided beforehand; those of an administrator are approved
	AppendTo    string
	OwnerID     string
}

// Import reads the whole file, then starts a job that imports it and returns
// the job at once. Errors: VALIDATION_ERROR, FILE_TOO_LARGE, NOT_FOUND and
// FORBIDDEN (AppendTo), SERVICE_UNAVAILABLE when too many imports wait.
func (s *Service) Import(ctx context.Context, in ImportInput) (*core.ImportJob, error) {
	job, err := s.newJob(ctx, in)
	if err != nil {
		return nil, err
	}
	if in.File == nil {
		return nil, core.Invalid("input.file", "required")
	}
	_, err = s.start(ctx, job, in.File, in.Filename)
	if err != nil {
		return nil, err
	}
	return job, nil
}

// start takes the file (nil: it is fetched later), writes the job down and works
// on it. The channel closes when the work has ended.
func (s *Service) start(ctx context.Context, job *core.ImportJob, file io.Reader, filename string) (<-chan struct{}, error) {
	if !s.enter() {
		return nil, &core.Error{Code: core.CodeUnavailable}
	}
	if err := s.file(ctx, job, file); err != nil {
		s.leave()
		return nil, err
	}
	s.announce(ctx, job, 0)
	s.Log.InfoContext(ctx, "import asked for", "job", job.ID, "bytes", job.SourceBytes, "file", filename)
	begun, ended := *job, make(chan struct{})
	work := core.Detach(s.life, ctx)
	go func() {
		defer s.leave()
		defer close(ended)
		s.work(work, &begun)
	}()
	return ended, nil
}

// file keeps what was uploaded and writes the job down.
func (s *Service) file(ctx context.Context, job *core.ImportJob, file io.Reader) (err error) {
	if file == nil {
		return s.Store.Jobs.Create(ctx, job)
	}
	job.SourceBytes, err = receive(ctx, s.Blobs, job.SourceKey, file, s.cfg.MaxUpload)
	if err == nil {
		err = s.Store.Jobs.Create(ctx, job)
	}
	if err != nil {
		s.remove(ctx, job.SourceKey)
	}
	return err
}

// newJob checks what was asked for.
func (s *Service) newJob(ctx context.Context, in ImportInput) (*core.ImportJob, error) {
	actor, err := s.Gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	job := jobOf(actor, core.ImportNew, in.AppendTo, in.Options)
	job.Description = in.Description
	if in.AppendTo != "" {
		job.Kind = core.ImportAppend
	}
	if actor.System != "" && in.OwnerID != "" {
		job.OwnerID = in.OwnerID
	}
	if err := s.nameJob(ctx, job, in); err != nil {
		return nil, err
	}
	if err := core.CheckText("input.description", in.Description, core.MaxDescription); err != nil {
		return nil, err
	}
	if err := checkClasses(in.Classes); err != nil {
		return nil, err
	}
	job.Decisions = decide(nil, in.Classes, actor.IsAdmin())
	return job, checkOptions(in.Options)
}

// jobOf is a new job of the actor's.
func jobOf(actor *core.Actor, kind core.ImportKind, datasetID string, o core.CSVOptions) *core.ImportJob {
	now := store.Now()
	job := &core.ImportJob{
		ID: core.NewID(core.NounJob), Kind: kind, Status: core.StatusQueued, OwnerID: actor.UserID(), Stage: core.StageReceiving,
		DatasetID: datasetID, Options: o, CreatedAt: now, Heartbeat: now,
	}
	job.SourceKey = sourceKey(job.ID)
	tell(job, core.ImportEvent{Kind: core.ImportEventStatus})
	return job
}

func sourceKey(jobID string) string { return uploads + jobID + "/source.csv" }

// nameJob tells which dataset the job is for: a new one, or one of the actor's.
func (s *Service) nameJob(ctx context.Context, job *core.ImportJob, in ImportInput) error {
	if job.Kind == core.ImportNew {
		name, err := core.CheckName("input.name", in.Name)
		job.Name, job.DatasetID = name, core.NewID(core.NounDataset)
		return err
	}
	d, err := s.Gate.RequireDataset(ctx, "input.appendTo", in.AppendTo, access.Edit)
	if err == nil {
		job.Name = d.Name
		job.Options.DropColumns = slices.Concat(job.Options.DropColumns, d.Source.DropColumns)
	}
	return err
}

// ImportJob is one's own job (an admin's: any). NOT_FOUND otherwise.
func (s *Service) ImportJob(ctx context.Context, id string) (*core.ImportJob, error) {
	return s.jobOf(ctx, "id", id)
}

// ImportJobs lists one's own imports, newest first; with blocked set, an admin's list
// of everybody's that wait for a decision on confidential columns, oldest first.
func (s *Service) ImportJobs(ctx context.Context, blockedOnes bool, page core.PageArgs) (core.Page[*core.ImportJob], error) {
	if !blockedOnes {
		actor, err := s.Gate.RequireSignedIn(ctx)
		if err != nil {
			return core.Page[*core.ImportJob]{}, err
		}
		return s.Store.Jobs.ByOwner(ctx, actor.UserID(), page)
	}
	if _, err := s.Gate.RequireAdmin(ctx); err != nil {
		return core.Page[*core.ImportJob]{}, err
	}
	staged, err := s.Store.Jobs.Staged(ctx)
	if err != nil {
		return core.Page[*core.ImportJob]{}, core.Internal("read staged imports", err)
	}
	return blockedPage(slices.DeleteFunc(staged, func(j *core.ImportJob) bool { return !blocked(j) }), page)
}

func (s *Service) jobOf(ctx context.Context, field, id string) (*core.ImportJob, error) {
	actor, err := s.Gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := core.CheckID(field, id, core.NounJob); err != nil {
		return nil, err
	}
	job, err := s.Store.Jobs.Get(ctx, id)
	if err != nil {
		return nil, core.Internal("read import job", err)
	}
	if job == nil {
		return nil, core.NotFound(field)
	}
	if job.OwnerID != actor.UserID() && !actor.IsAdmin() {
		s.Audit.Denied(ctx, "job", id, string(access.View))
		return nil, core.NotFound(field)
	}
	return job, nil
}

// enter reserves a place for an import; false when there is none or the service is closed.
func (s *Service) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.open >= maxOpen {
		return false
	}
	s.open++
	s.wg.Add(1)
	return true
}

func (s *Service) leave() {
	s.mu.Lock()
	s.open--
	s.mu.Unlock()
	s.wg.Done()
}

// Close stops the running imports and waits for them; when the context ends
// first it returns its error.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	return drain.Wait(ctx, &s.wg)
}
