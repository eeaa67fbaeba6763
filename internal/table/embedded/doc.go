// Package embedded is the storage port on one bbolt file: the default engine,
// for a laptop, a demo and a small installation.
//
// Each table is a bucket and each index another; both are written in the same
// transaction, so an index never lags here. Keys keep DynamoDB's order in
// their bytes (key.go), items are a compact binary form (codec.go). Writes are
// on disk when they return. Reads see a snapshot and wait for nobody.
package embedded
