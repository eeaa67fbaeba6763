package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// errReplaced tells that the object is no longer the version that was asked for.
var errReplaced = errors.New("blob: replaced meanwhile")

// Local implements [Store]. The path is a copy's, which many share. The bucket is
// asked each time which version is there, so a copy is never out of date.
func (s *S3) Local(ctx context.Context, key string) (string, func(), error) {
	if err := begin(ctx, key); err != nil {
		return "", nil, err
	}
	var err error
	for range attempts {
		head, headErr := s.head(ctx, key)
		if headErr != nil {
			return "", nil, headErr
		}
		want := localCopy{name: s.copyName(key, head), ending: endingOf(key), bytes: aws.ToInt64(head.ContentLength)}
		var path string
		var release func()
		path, release, err = s.copies.use(ctx, want, func(ctx context.Context, w io.Writer) error {
			return s.fetch(ctx, key, head, w)
		})
		if err == nil {
			return path, release, nil
		}
		if !errors.Is(err, errReplaced) {
			break
		}
	}
	return "", nil, fmt.Errorf("local copy: %w", err)
}

// copyName tells a version of an object in this bucket from all others.
func (s *S3) copyName(key string, head *s3.HeadObjectOutput) string {
	object := sha256.Sum256([]byte(s.at + "\x00" + key))
	version := sha256.Sum256([]byte(aws.ToString(head.ETag) + "\x00" + aws.ToString(head.VersionId)))
	return fmt.Sprintf("%x-%x", object[:12], version[:8])
}

// fetch writes the bytes of one version, checked against their checksum.
func (s *S3) fetch(ctx context.Context, key string, head *s3.HeadObjectOutput, w io.Writer) error {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key, IfMatch: head.ETag})
	if codeOf(err) == codeCondition {
		return errReplaced
	}
	if err != nil {
		return s.translate(key, err)
	}
	defer out.Body.Close()
	body := &bodyReader{r: out.Body}
	_, err = io.Copy(w, body)
	switch {
	case body.failed != nil:
		return fmt.Errorf("%w: %s: %w", errDamaged, key, body.failed)
	case err == nil && body.bytes != aws.ToInt64(head.ContentLength):
		return fmt.Errorf("%w: %s has %d bytes of %d", errDamaged, key, body.bytes, aws.ToInt64(head.ContentLength))
	}
	return err
}
