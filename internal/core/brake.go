package core

import "time"

// Brake is what is remembered of the tries to get in by one account or from one
// client, so that guessing is slow.
type Brake struct {
	ID       string    // of what is braked, so that it names nobody
	Tries    []Try     // of the last minute, oldest first
	Failures int       // in a row, whenever they were
	Until    time.Time // no further try before
	Version  int64     // 0 while nothing is remembered
}

// Try is one try to get in. It counts from its beginning, so that tries at the
// same time count too.
type Try struct {
	ID   string
	At   time.Time
	Open bool // how it ends is not known yet
}
