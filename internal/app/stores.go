package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/dynamo"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

// What lies in the data folder, apart from the sockets.
const (
	tableFile     = "karuta.db"
	blobFolder    = "blobs"
	spoolFolder   = "audit-spool"
	cacheFolder   = "cache"
	runFolder     = "executor"
	secretsFolder = "secrets"       // made by package config
	markerOfDemo  = "demo-complete" // tells that the demo was built
)

// cacheBytes is how much of S3 is kept on this machine for reading.
const cacheBytes = 8 << 30

// prepareDataDir makes the data folder, readable by its owner alone, and gives
// its absolute path.
func prepareDataDir(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	return path, nil
}

// openTables opens the engine that STORE names.
func openTables(ctx context.Context, c config.Config) (table.Engine, error) {
	if c.Store == "embedded" {
		return embedded.Open(filepath.Join(c.DataDir, tableFile))
	}
	o := dynamo.Options{Endpoint: c.DynamoDBEndpoint, Region: c.DynamoDBRegion, Prefix: c.DynamoDBTablePrefix}
	if c.DynamoDBEndpoint != "" {
		// A server of one's own takes any keys, but the requests must carry some.
		o.AccessKey, o.SecretKey = "local", "local"
	}
	return dynamo.Open(ctx, o)
}

// openBlobs opens the engine that BLOBS names. The name keeps the copies of two
// processes apart.
func openBlobs(ctx context.Context, c config.Config, name string) (blob.Store, error) {
	if c.Blobs == "folder" {
		return blob.OpenFolder(filepath.Join(c.DataDir, blobFolder))
	}
	o := s3Options(c)
	o.Bucket, o.CacheDir, o.CacheBytes = c.S3BucketDatasets, filepath.Join(c.DataDir, cacheFolder, name), cacheBytes
	return blob.OpenS3(ctx, o)
}

// s3Options say where S3 is, wherever Karuta keeps its own files.
func s3Options(c config.Config) blob.S3Options {
	return blob.S3Options{
		Endpoint: c.S3Endpoint, Region: c.S3Region, AccessKey: c.S3AccessKey.Reveal(), SecretKey: c.S3SecretKey.Reveal(),
	}
}
