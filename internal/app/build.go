package app

// Set by the linker, see the Makefile.
var (
	version  = "dev"
	revision = "unknown"
)

// Version is the version of this program and the revision of its source.
func Version() (number, sourceRevision string) { return version, revision }
