package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

const (
	partBytes = 8 << 20 // an object has 10,000 parts at most, so 80 GB
	// partsAtOnce is how many parts of one object are sent at the same time;
	// each is in memory, so that it can be sent again.
	partsAtOnce = 4
	abortWait   = 5 * time.Second
)

// sendParts writes an object of several parts, which nobody sees before the
// last is there. When it fails, the parts are removed.
func (s *S3) sendParts(ctx context.Context, u *upload, first []byte) error {
	created, err := s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: &u.key, Metadata: u.attributes(),
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme, ChecksumType: types.ChecksumTypeFullObject,
	})
	if err != nil {
		return err
	}
	parts, err := s.sendAll(ctx, u, created.UploadId, first)
	if err == nil {
		_, err = s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: &s.bucket, Key: &u.key, UploadId: created.UploadId, IfNoneMatch: u.onlyNew,
			ChecksumType:    types.ChecksumTypeFullObject,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
	}
	if err != nil {
		err = errors.Join(err, s.abort(ctx, u, created.UploadId))
	}
	return err
}

// sendAll reads part by part and sends several at a time. It waits for those on
// their way even when it fails: a part that arrives after its upload was aborted
// would stay for good.
func (s *S3) sendAll(ctx context.Context, u *upload, id *string, part []byte) ([]types.CompletedPart, error) {
	var senders errgroup.Group
	senders.SetLimit(partsAtOnce)
	var failed atomic.Bool
	var parts []*types.CompletedPart
	var err error
	for len(part) > 0 && err == nil && !failed.Load() {
		body, done := part, &types.CompletedPart{PartNumber: aws.Int32(int32(len(parts) + 1))}
		parts = append(parts, done)
		senders.Go(func() error {
			err := s.sendPart(ctx, u, id, body, done)
			if err != nil {
				failed.Store(true)
			}
			return err
		})
		part, err = readPart(u.body)
	}
	err = errors.Join(err, senders.Wait())
	all := make([]types.CompletedPart, len(parts))
	for i, p := range parts {
		all[i] = *p
	}
	return all, err
}

func (s *S3) sendPart(ctx context.Context, u *upload, id *string, body []byte, done *types.CompletedPart) error {
	out, err := s.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &s.bucket, Key: &u.key, UploadId: id, PartNumber: done.PartNumber,
		Body: bytes.NewReader(body), ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme,
	})
	if err != nil {
		return err
	}
	done.ETag, done.ChecksumCRC64NVME = out.ETag, out.ChecksumCRC64NVME
	return nil
}

// readPart reads a part, or what is left.
func readPart(r io.Reader) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(partBytes + bytes.MinRead)
	_, err := b.ReadFrom(io.LimitReader(r, partBytes))
	return b.Bytes(), err
}

// abort removes the parts, also after the end of the write's time.
func (s *S3) abort(ctx context.Context, u *upload, id *string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortWait)
	defer cancel()
	_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: &u.key, UploadId: id})
	if codeOf(err) == codeNoUpload {
		return nil // it was completed, or never begun
	}
	return err
}
