package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	// attrWrite is an attribute of the object that names the write it is from.
	attrWrite = "karuta-write"
	// writeWait is how long requests that are on their way may take when the
	// caller's time ends. Cut off, they might be done nonetheless.
	writeWait = 3 * time.Second
)

// upload is one write of an object.
type upload struct {
	key     string
	id      string  // of this write, kept with the object
	onlyNew *string // "*" lets the service refuse to replace
	body    *bodyReader
}

func (u *upload) attributes() map[string]string { return map[string]string{attrWrite: u.id} }

// Put implements [Store]. The time it tells is of this machine's clock.
func (s *S3) Put(ctx context.Context, key string, r io.Reader) (Info, error) {
	return s.write(ctx, key, r, nil)
}

// PutNew implements [Store]. The time it tells is of this machine's clock.
func (s *S3) PutNew(ctx context.Context, key string, r io.Reader) (Info, error) {
	return s.write(ctx, key, r, aws.String("*"))
}

func (s *S3) write(ctx context.Context, key string, r io.Reader, onlyNew *string) (Info, error) {
	if err := begin(ctx, key); err != nil {
		return Info{}, err
	}
	u := &upload{key: key, id: rand.Text(), onlyNew: onlyNew, body: &bodyReader{r: contextReader{ctx, r}}}
	sending, cancel := outlive(ctx, writeWait)
	defer cancel()
	err := s.send(sending, u)
	if err != nil && u.body.failed == nil {
		err = s.settle(sending, u, err)
	}
	switch {
	case err == nil:
	case u.body.failed != nil:
		return Info{}, fmt.Errorf("blob: write %s: %w", key, u.body.failed)
	case ctx.Err() != nil:
		return Info{}, fmt.Errorf("blob: write %s: %w", key, ctx.Err())
	default:
		return Info{}, err
	}
	return Info{Key: key, Bytes: u.body.bytes, Modified: time.Now()}, nil
}

// send writes what fits into one part by one request, and the rest in parts.
func (s *S3) send(ctx context.Context, u *upload) error {
	first, err := io.ReadAll(io.LimitReader(u.body, partBytes))
	if err != nil {
		return err
	}
	if len(first) == partBytes {
		return s.sendParts(ctx, u, first)
	}
	_, err = s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &u.key, Body: bytes.NewReader(first), IfNoneMatch: u.onlyNew,
		Metadata: u.attributes(), ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme,
	})
	return err
}

// settle finds out what became of a failed write: when only the answer was lost,
// the object is there and from this write, though a repeated request may have
// been told that the key is taken.
func (s *S3) settle(ctx context.Context, u *upload, err error) error {
	found, headErr := s.head(ctx, u.key)
	switch {
	case headErr == nil && found.Metadata[attrWrite] == u.id:
		return nil
	case u.onlyNew != nil && headErr == nil, codeOf(err) == codeCondition:
		return fmt.Errorf("%w: %s", ErrExists, u.key)
	}
	return s.translate(u.key, err)
}

// outlive gives a context that goes on for a while after its parent's end.
func outlive(parent context.Context, wait time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() { time.AfterFunc(wait, cancel) })
	return ctx, func() {
		stop()
		cancel()
	}
}

// bodyReader counts what was read and keeps why reading failed.
type bodyReader struct {
	r      io.Reader
	bytes  int64
	failed error
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.bytes += int64(n)
	if err != nil && err != io.EOF {
		b.failed = err
	}
	return n, err
}
