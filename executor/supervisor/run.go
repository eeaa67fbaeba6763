package supervisor

import (
	"encoding/json"
	"log/slog"
	"os"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// Config says how Python is run. The zero value of every field but Python has a
// default.
type Config struct {
	Python        string        // interpreter of the prepared folder, e.g. bin/python/bin/python3.11
	RunDir        string        // private folder of the executor; "" makes one in the temporary folder
	MaxConcurrent int           // runs at once, never more than there are cores; 0: as many as cores
	QueueLimit    int           // runs that may wait, half of them of one user; 0: 500
	Memory        *Memory       // that the runs share; nil: what the container has
	Strict        bool          // refuse all Python where a required layer does not hold
	Log           *slog.Logger  // nil: slog.Default()
	CardTimeout   time.Duration // for runs that name none; 0: 10 s
	MemoryMB      int64         // for runs that name none; 0: 2048. Never more than the container has
}

// Run is one run of a card.
type Run struct {
	ID        string          // for the log
	User      string          // whose turn it is; opaque
	Code      string          // Python with a render(dataset, filters, params)
	Data      *os.File        // sealed memfd with an uncompressed Arrow IPC file of one batch; the caller closes it
	DataBytes int64           // size of Data; 0: the dataset is empty and Data may be nil
	Columns   []core.Column   // columns of Data, in order
	Filters   json.RawMessage // list, render's second argument; nil is []
	Params    json.RawMessage // object, render's third argument; nil is {}
	Timeout   time.Duration   // 0: the configuration's
	MemoryMB  int64           // on top of the data; 0: the configuration's
}
