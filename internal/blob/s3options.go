package blob

import "context"

// S3Options say where the bucket is and where copies for [S3.Local] are kept.
type S3Options struct {
	Endpoint   string // "" is AWS; with an endpoint the bucket stands in the path
	Region     string
	Bucket     string
	AccessKey  string // "" takes the environment's own credentials
	SecretKey  string
	CacheDir   string // folder of local copies, made when missing
	CacheBytes int64  // how much the copies may take; copies in use may exceed it
}

// S3 keeps objects in a bucket and local copies of those that are read by path.
type S3 struct{}

// OpenS3 prepares the bucket's client and the folder of local copies; it makes no call.
func OpenS3(ctx context.Context, o S3Options) (*S3, error) { return nil, errStub }
