package testkit

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
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

	client *s3.Client
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
	s.client = s3.New(s3.Options{
		BaseEndpoint: &s.Endpoint, Region: s.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, ""),
	})
	if _, err := s.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(s.Bucket)}); err != nil {
		t.Fatalf("create the bucket: %v", err)
	}
	return s
}

// Put writes an object of the bucket.
func (s S3Server) Put(t testing.TB, key, text string) {
	t.Helper()
	if _, err := s.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &s.Bucket, Key: &key, Body: strings.NewReader(text)}); err != nil {
		t.Fatal(err)
	}
}

// Remove removes an object of the bucket.
func (s S3Server) Remove(t testing.TB, key string) {
	t.Helper()
	if _, err := s.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &s.Bucket, Key: &key}); err != nil {
		t.Fatal(err)
	}
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
