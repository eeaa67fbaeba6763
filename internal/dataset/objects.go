package dataset

import (
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// Objects reads objects of buckets that others fill; see [blob.Foreign].
type Objects interface {
	Head(ctx context.Context, bucket, key string) (blob.ForeignInfo, error)
	Open(ctx context.Context, bucket, key, etag string) (io.ReadCloser, error)
}

// S3Input asks for the import of an object into a new dataset.
type S3Input struct {
	Bucket      string
	Key         string
	Name        string
	Description string
	Options     core.CSVOptions
	Classes     []ColumnClass // of columns, decided beforehand; those of an administrator are approved
}

const (
	maxBucket = 63   // characters, as S3 has it
	maxS3Key  = 1024 // the same
	// fetchTries is how often an object is read that changes meanwhile.
	fetchTries = 3
)

var plainKey = regexp.MustCompile(`^[a-zA-Z0-9\-_./]+$`)

// ImportS3 starts a job that imports an object of one of the allowed buckets, and
// returns the job at once. Errors: VALIDATION_ERROR (bucket_not_allowed, bad_key),
// SOURCE_NOT_FOUND, FILE_TOO_LARGE, SERVICE_UNAVAILABLE.
func (s *Service) ImportS3(ctx context.Context, in S3Input) (*core.ImportJob, error) {
	job, err := s.newJob(ctx, ImportInput{Name: in.Name, Description: in.Description, Options: in.Options, Classes: in.Classes})
	if err != nil {
		return nil, err
	}
	if err := checkObject(in.Bucket, in.Key); err != nil {
		return nil, err
	}
	job.S3 = &core.S3Object{Bucket: in.Bucket, Key: in.Key}
	if _, err := s.look(ctx, "input.bucket", job.S3); err != nil {
		return nil, err
	}
	if _, err := s.start(ctx, job, nil, "s3://"+in.Bucket+"/"+in.Key); err != nil {
		return nil, err
	}
	return job, nil
}

// checkObject checks the place of an object.
func checkObject(bucket, key string) error {
	if _, err := core.CheckLine("input.bucket", bucket, maxBucket); err != nil {
		return err
	}
	if key == "" {
		return core.Invalid("input.key", "required")
	}
	if err := core.CheckText("input.key", key, maxS3Key); err != nil {
		return err
	}
	if !plainKey.MatchString(key) || strings.Contains(key, "..") || strings.HasPrefix(key, "/") {
		return core.Invalid("input.key", "bad_key")
	}
	return nil
}

// look tells what is known of an object that may be imported. The field is the
// one that names the bucket.
func (s *Service) look(ctx context.Context, field string, o *core.S3Object) (blob.ForeignInfo, error) {
	if !slices.Contains(s.cfg.Buckets, o.Bucket) {
		return blob.ForeignInfo{}, core.Invalid(field, "bucket_not_allowed")
	}
	info, err := s.Objects.Head(ctx, o.Bucket, o.Key)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return info, &core.Error{Code: core.CodeSourceNotFound, Cause: err}
	case err != nil:
		return info, &core.Error{Code: core.CodeUnavailable, Reason: "source", Cause: err}
	case info.Bytes > s.cfg.MaxUpload:
		return info, &core.Error{Code: core.CodeFileTooLarge, Args: map[string]any{"max": size(s.cfg.MaxUpload)}}
	}
	return info, nil
}

// fetch copies the job's object to where uploads lie, so that what is imported is
// what is kept, and remembers which state of it that was. An object that changes
// meanwhile is read again.
func (s *Service) fetch(ctx context.Context, job *core.ImportJob) (err error) {
	for range fetchTries {
		if err = s.copyObject(ctx, job); !errors.Is(err, blob.ErrChanged) {
			break
		}
	}
	if errors.Is(err, blob.ErrChanged) {
		return &core.Error{Code: core.CodeConflict, Reason: "source_changed", Cause: err}
	}
	if err != nil {
		return err
	}
	_, err = s.editJob(ctx, job.ID, func(j *core.ImportJob) error {
		j.S3, j.SourceBytes = job.S3, job.SourceBytes
		return nil
	})
	return err
}

func (s *Service) copyObject(ctx context.Context, job *core.ImportJob) error {
	info, err := s.look(ctx, "input.bucket", job.S3)
	if err != nil {
		return err
	}
	body, err := s.Objects.Open(ctx, job.S3.Bucket, job.S3.Key, info.ETag)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return &core.Error{Code: core.CodeSourceNotFound, Cause: err}
	case errors.Is(err, blob.ErrChanged):
		return err
	case err != nil:
		return &core.Error{Code: core.CodeUnavailable, Reason: "source", Cause: err}
	}
	defer func() { _ = body.Close() }()
	n, err := receive(ctx, s.Blobs, job.SourceKey, body, s.cfg.MaxUpload)
	if e, ok := errors.AsType[*core.Error](err); ok && e.Code == core.CodeValidation { // the answer broke off
		return &core.Error{Code: core.CodeUnavailable, Reason: "source", Cause: err}
	}
	job.SourceBytes, job.S3.ETag = n, info.ETag
	return err
}
