package testkit

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Dynoxide starts a DynamoDB server with empty tables and gives its endpoint;
// any region and keys do. It ends with the test.
func Dynoxide(t testing.TB) (endpoint string) {
	t.Helper()
	return start(t, "dynoxide", nil, func(host, port string) []string {
		return []string{"serve", "--host", host, "-p", port}
	})
}

// S3Server is a running S3 server with one empty bucket.
type S3Server struct {
	Endpoint  string
	AccessKey string
	SecretKey string
	Region    string
	Bucket    string
}

// S3 starts an S3 server that checks signatures. It ends with the test.
func S3(t testing.TB) S3Server {
	t.Helper()
	s := S3Server{AccessKey: "testkey", SecretKey: "testsecret", Region: "us-east-1", Bucket: "karuta-test"}
	env := []string{"ROOT_ACCESS_KEY=" + s.AccessKey, "ROOT_SECRET_KEY=" + s.SecretKey}
	meta, root := t.TempDir(), t.TempDir()
	s.Endpoint = start(t, "versitygw", env, func(host, port string) []string {
		return []string{"--port", host + ":" + port, "--quiet", "posix", "--sidecar", filepath.Clean(meta), root}
	})
	client := s3.New(s3.Options{
		BaseEndpoint: &s.Endpoint, Region: s.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, ""),
	})
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(s.Bucket)}); err != nil {
		t.Fatalf("create the bucket: %v", err)
	}
	return s
}

// answers tells whether something speaks HTTP there; any status will do.
func answers(ctx context.Context, endpoint string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return true
}
