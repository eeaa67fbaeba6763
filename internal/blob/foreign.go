package blob

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// ErrChanged tells that a foreign object is no longer in the state that was asked for.
var ErrChanged = errors.New("blob: changed")

// Foreign reads objects of buckets that others fill. It is safe for many
// goroutines.
type Foreign struct{ client *s3.Client }

// ForeignInfo is what is known of a foreign object without reading it.
type ForeignInfo struct {
	Bytes int64
	ETag  string // names the object's state
}

// OpenForeign prepares the client; it makes no call. Of the options those of the
// service and the credentials count.
func OpenForeign(ctx context.Context, o S3Options) (*Foreign, error) {
	client, err := o.client(ctx)
	if err != nil {
		return nil, err
	}
	return &Foreign{client}, nil
}

// Close releases connections.
func (f *Foreign) Close() error {
	closeIdle(f.client)
	return nil
}

// Head tells what is known of an object; [ErrNotFound] where there is none, or no bucket.
func (f *Foreign) Head(ctx context.Context, bucket, key string) (ForeignInfo, error) {
	out, err := f.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return ForeignInfo{}, foreignError(bucket, key, err)
	}
	return ForeignInfo{aws.ToInt64(out.ContentLength), aws.ToString(out.ETag)}, nil
}

// Open reads an object in the state that the tag names, and no other: [ErrChanged]
// where it has another, [ErrNotFound] where it is gone.
func (f *Foreign) Open(ctx context.Context, bucket, key, etag string) (io.ReadCloser, error) {
	out, err := f.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, IfMatch: &etag})
	if err != nil {
		return nil, foreignError(bucket, key, err)
	}
	if got := aws.ToString(out.ETag); got != etag { // a server that does not know the condition
		return nil, errors.Join(fmt.Errorf("%w: %s/%s", ErrChanged, bucket, key), out.Body.Close())
	}
	return out.Body, nil
}

func foreignError(bucket, key string, err error) error {
	switch codeOf(err) {
	case codeNotFound, codeNoKey, codeNoBucket:
		return fmt.Errorf("%w: %s/%s", ErrNotFound, bucket, key)
	case codeCondition:
		return fmt.Errorf("%w: %s/%s", ErrChanged, bucket, key)
	}
	return fmt.Errorf("blob: %s/%s: %w", bucket, key, err)
}
