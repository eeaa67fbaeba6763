//go:build linux

package supervisor

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// hostileCrowd are cards that take what they can for as long as they can.
var hostileCrowd = []string{
	"def render(d, f, p):\n    while True: pass",
	"def render(d, f, p):\n    kept = []\n    while True: kept.append(bytearray(b'x') * (4 << 20))",
	"import os\ndef render(d, f, p):\n    while True: os.write(3, b'x' * 65536)",
	"import os\ndef render(d, f, p):\n    while True: os.write(2, b'x' * 65536)",
	"import os\ndef render(d, f, p):\n    while True:\n        try: os.fork()\n        except OSError: pass",
	"import os\ndef render(d, f, p): os.abort()",
	"import threading, time\ndef render(d, f, p):\n    while True: threading.Thread(target=time.sleep, args=(9,)).start()",
}

// Many hostile cards at once delay a good one by their turns before it and by no
// more, and all of them are ended. (Item 31.)
func TestAGoodCardAmongHostileOnes(t *testing.T) {
	crowd := 12
	if lengthy() {
		crowd = 100
	}
	const each = 300 * time.Millisecond
	s := shared(t)
	alone := time.Now()
	wantGood(t, s)
	calm := time.Since(alone)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group sync.WaitGroup
	for i := range crowd {
		group.Go(func() {
			reply, err := s.Render(ctx, Run{Code: hostileCrowd[i%len(hostileCrowd)], Timeout: each, MemoryMB: 128, ID: "hostile"})
			if err != nil && core.CodeOf(err) != core.CodeUnavailable || err == nil && reply.Problem == nil {
				t.Errorf("hostile card %d: %v %+v", i, err, reply)
			}
		})
	}
	eventually(t, "the hostile cards wait", func() bool { return s.Running()+s.Queued() >= crowd/2 })
	began := time.Now()
	wantGood(t, s)
	t.Logf("a good card took %s among %d hostile ones, %s alone", time.Since(began), crowd, calm)
	if took, most := time.Since(began), time.Duration(crowd)*each+sane; took > most {
		t.Errorf("a good card took %s, more than %s", took, most)
	}
	group.Wait()
	eventually(t, "nothing is left", func() bool { return len(childrenOf(t, s.current.process.Pid)) == 0 })
}
