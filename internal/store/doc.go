// Package store holds the typed repositories, one file per table. Keys,
// attributes and access patterns stand here and nowhere else; docs/storage.md
// explains them.
//
// Every item carries a version. An edit reads, changes and writes back under
// the version it read; where the caller names the version it edited, a lost
// race is CONFLICT with both versions, never a silent overwrite. Uniqueness is
// a guard item written in the same transaction. Nothing here asks who is
// calling: that is access's part.
package store
