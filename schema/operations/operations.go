// Package operations holds manifests of operations that clients depend on: each is
// held against every change of the schema, and can be registered with a server.
package operations

import _ "embed"

// Command is the manifest of what the program's own verbs ask servers for.
//
//go:embed karuta.json
var Command []byte
