package supervisor

import (
	"bytes"
	"log/slog"
	"sync"
)

// tail logs what the zygote writes to its standard error and remembers the end
// of it, for the sentence that says why it did not start.
type tail struct {
	log *slog.Logger

	mu   sync.Mutex
	last []byte
}

const tailBytes = 600

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.log.Warn("python", "stderr", string(bytes.TrimSpace(p)))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	t.last = t.last[max(0, len(t.last)-tailBytes):]
	return len(p), nil
}

// String is the end of what was written.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.last))
}
