package supervisor

import (
	"encoding/json"
	"log/slog"
	"os"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// Profile is what the runs of a supervisor are, and with it what they may do.
type Profile int

// Cards may write nothing. Each transform has a folder to write in, which is
// emptied after it, and gives way to cards where both want the processor.
const (
	Cards Profile = iota
	Transforms
)

// Config says how Python is run. The zero value of every field but Python has a
// default.
type Config struct {
	Profile       Profile
	Python        string        // interpreter of the prepared folder, e.g. bin/python/bin/python3.11
	RunDir        string        // private folder of the supervisor; "" makes one in the temporary folder
	MaxConcurrent int           // runs at once; 0: as many as cores. Never more cards than there are cores
	QueueLimit    int           // runs that may wait, half of them of one user; 0: 500
	Memory        *Memory       // that the runs share; nil: what the container has
	Strict        bool          // refuse all Python where a required layer does not hold
	Log           *slog.Logger  // nil: slog.Default()
	Timeout       time.Duration // for runs that name none; 0: 10 s, of transforms 300 s
	MemoryMB      int64         // for runs that name none; 0: 2048, of transforms 4096. Never more than the container has
	DiskMB        int64         // that a transform may write; 0: 1024
	DiskFiles     int           // that a transform may make; 0: 10,000
}

// Run is one run of a card.
type Run struct {
	ID        string          // for the log
	User      string          // whose turn it is; opaque
	Code      string          // Python with a render(dataset, filters, params)
	Data      *os.File        // sealed memfd with an uncompressed Arrow IPC file of one batch; the caller closes it
	DataBytes int64           // size of Data; 0: the dataset is empty and Data may be nil
	Columns   []core.Column   // of the dataset, in order; those of Data where Given is nil
	Given     []string        // those of the columns that Data has and the card gets the values of; nil: all
	Filters   json.RawMessage // list, render's second argument; nil is []
	Params    json.RawMessage // object, render's third argument; nil is {}
	Timeout   time.Duration   // 0: the configuration's
	MemoryMB  int64           // on top of the data; 0: the configuration's
}

// MaxInputs is how many datasets a transform can have.
const MaxInputs = 50

// Wish is what a transform asks for with its turn.
type Wish struct {
	User     string        // whose turn it is; opaque
	Timeout  time.Duration // 0: the configuration's
	MemoryMB int64         // on top of the inputs; 0: the configuration's
}

// TransformRun is one run of a transform.
type TransformRun struct {
	ID     string // for the log
	Code   string // Python with a transform(inputs, params), or that assigns result
	Inputs []Input
	Params json.RawMessage // object, transform's second argument; nil is {}
}

// Input is a dataset that a transform reads, with the names that its code finds it under.
type Input struct {
	ID, Alias string
	Data      *os.File // as in [Run]; the caller closes it
	Bytes     int64    // size of Data
}

// Table is what came of a transform.
type Table struct {
	File    *os.File // Arrow IPC file that the code may have forged; the caller closes it, nil with a Problem
	Bytes   int64
	RunMS   float64
	Problem *client.Problem // nil when the transform succeeded
}
