package blob

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// S3Options say where the bucket is and where copies for [S3.Local] are kept.
type S3Options struct {
	Endpoint   string // "" is AWS; with an endpoint the bucket stands in the path
	Region     string
	Bucket     string
	AccessKey  string // "" takes the environment's own credentials
	SecretKey  string
	CacheDir   string // folder of local copies, made when missing
	CacheBytes int64  // how much the copies may take; copies in use may exceed it
	// Transport carries the HTTP requests; nil is the SDK's own. For tests.
	Transport http.RoundTripper

	maxBackoff time.Duration // between attempts; 0 is the SDK's own
}

// attempts is how often a call is made when the service or the network fails.
const attempts = 3

// OpenS3 prepares the bucket's client and the folder of local copies; it makes no call.
func OpenS3(ctx context.Context, o S3Options) (*S3, error) {
	client, err := o.client(ctx)
	if err != nil {
		return nil, err
	}
	copies, err := openCopies(o.CacheDir, o.CacheBytes)
	if err != nil {
		return nil, fmt.Errorf("blob: folder of local copies: %w", err)
	}
	return &S3{client: client, bucket: o.Bucket, at: o.Endpoint + "/" + o.Bucket, copies: copies}, nil
}

// client speaks to the service; it makes no call.
func (o S3Options) client(ctx context.Context) (*s3.Client, error) {
	load := []func(*config.LoadOptions) error{config.WithRegion(o.Region), config.WithRetryer(o.retryer)}
	if o.AccessKey != "" {
		load = append(load, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(o.AccessKey, o.SecretKey, "")))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return s3.NewFromConfig(cfg, func(c *s3.Options) {
		if o.Endpoint != "" {
			c.BaseEndpoint, c.UsePathStyle = &o.Endpoint, true
		}
		c.DisableLogOutputChecksumValidationSkipped = true
		c.HTTPClient = ownConnections(c.HTTPClient, o.Transport)
	}), nil
}

// ownConnections gives a client whose connections Close can close, which the
// SDK's own does not let. It keeps what the environment says of certificates, and
// like the SDK's own it follows no redirects.
func ownConnections(c s3.HTTPClient, transport http.RoundTripper) s3.HTTPClient {
	buildable, ok := c.(*awshttp.BuildableClient)
	switch {
	case transport != nil:
	case ok:
		transport = buildable.GetTransport()
	default:
		return c
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: stay}
}

// retryer also repeats a conditional write that met another one: the second
// time it finds out who won.
func (o S3Options) retryer() aws.Retryer {
	return retry.NewStandard(func(r *retry.StandardOptions) {
		r.MaxAttempts = attempts
		r.MaxBackoff = cmp.Or(o.maxBackoff, r.MaxBackoff)
		r.Retryables = append(r.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{codeConflict: {}}})
	})
}
