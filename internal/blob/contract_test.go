package blob_test

import (
	"os"
	"testing"

	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/blob/blobtest"
	"github.com/karuta-bi/karuta/internal/testkit"
)

const cacheBytes = 64 << 20

func TestContractOfFolder(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		f, err := blob.OpenFolder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	})
}

func TestContractOfS3(t *testing.T) {
	server := testkit.S3(t)
	runS3(t, blob.S3Options{
		Endpoint: server.Endpoint, Region: server.Region, Bucket: server.Bucket,
		AccessKey: server.AccessKey, SecretKey: server.SecretKey,
	})
}

// TestContractElsewhere runs the contract against a bucket of any endpoint, AWS
// included: S3_ENDPOINT=https://s3.REGION.amazonaws.com and S3_BUCKET with the
// environment's own credentials. It removes the objects that it writes.
func TestContractElsewhere(t *testing.T) {
	endpoint := os.Getenv("S3_ENDPOINT")
	if endpoint == "" {
		t.Skip("not run here: S3_ENDPOINT is not set")
	}
	runS3(t, blob.S3Options{
		Endpoint: endpoint, Region: os.Getenv("AWS_REGION"), Bucket: os.Getenv("S3_BUCKET"),
		AccessKey: os.Getenv("AWS_ACCESS_KEY_ID"), SecretKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
	})
}

func runS3(t *testing.T, o blob.S3Options) {
	o.CacheDir, o.CacheBytes = t.TempDir(), cacheBytes
	blobtest.Run(t, func(t *testing.T) blob.Store {
		s, err := blob.OpenS3(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	})
}
