package blob

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// S3 keeps objects in a bucket and local copies of those that are read by path.
// It is safe for many goroutines.
type S3 struct {
	client *s3.Client
	bucket string
	at     string // tells this bucket from others in the names of copies
	copies *copies
}

var _ Store = (*S3)(nil)

// Close ends downloads and releases connections and the folder of local copies.
func (s *S3) Close() error {
	err := s.copies.close()
	closeIdle(s.client)
	return err
}

func closeIdle(client *s3.Client) {
	if c, ok := client.Options().HTTPClient.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// Get implements [Store]. The reader fails at the end when the bytes are not
// those that were written.
func (s *S3) Get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := begin(ctx, key); err != nil {
		return nil, Info{}, err
	}
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		return nil, Info{}, s.translate(key, err)
	}
	return out.Body, Info{Key: key, Bytes: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified)}, nil
}

// Head implements [Store].
func (s *S3) Head(ctx context.Context, key string) (Info, error) {
	if err := begin(ctx, key); err != nil {
		return Info{}, err
	}
	out, err := s.head(ctx, key)
	if err != nil {
		return Info{}, err
	}
	return Info{Key: key, Bytes: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified)}, nil
}

// head asks about an object. The answer that there is none has no body to tell
// a missing object from a missing bucket, so the bucket is asked for too.
func (s *S3) head(ctx context.Context, key string) (*s3.HeadObjectOutput, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	if err == nil {
		return out, nil
	}
	if codeOf(err) == codeNotFound {
		if _, bucket := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.bucket}); codeOf(bucket) == codeNotFound {
			return nil, s.noBucket(bucket)
		}
	}
	return nil, s.translate(key, err)
}

// Delete implements [Store].
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := begin(ctx, key); err != nil {
		return err
	}
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key})
	if codeOf(err) == codeNoKey {
		return nil
	}
	return s.translate(key, err)
}

// List implements [Store].
func (s *S3) List(ctx context.Context, prefix string, each func(Info) error) error {
	if err := checkPrefix(prefix); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return s.translate(prefix, err)
		}
		for _, o := range page.Contents {
			key := aws.ToString(o.Key)
			if checkKey(key) != nil {
				continue // written by others, such as the folders of a console
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := each(Info{Key: key, Bytes: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified)}); err != nil {
				return err
			}
		}
	}
	return nil
}
