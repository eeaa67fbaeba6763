// Package schema is the contract: the GraphQL schema in its .graphqls files,
// and the Go side of what the schema needs beyond the nouns of core, its
// scalars and its connections.
//
// Four files hold what all share: root, directives (who may ask), scalars and
// errors (the codes). Every other file holds one domain.
package schema

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
)

//go:embed *.graphqls
var files embed.FS

// Files are the .graphqls files.
func Files() fs.FS { return files }

// Hash is a fingerprint of the whole schema in 16 hex digits.
func Hash() string {
	sum := sha256.New()
	entries, _ := files.ReadDir(".") // sorted; an embedded folder is always readable
	for _, e := range entries {
		text, _ := files.ReadFile(e.Name())
		sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
