// Package testkit starts the outside servers that tests run against: a
// DynamoDB server, an S3 server and Redis, all installed by tools/install.sh. Where a
// server is not installed the test is skipped and says so. Only tests import
// this package.
package testkit
