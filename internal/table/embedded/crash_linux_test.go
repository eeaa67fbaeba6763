package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/table"
)

const (
	kills   = 200
	streams = 2  // of transactions, at the same time, and one of single logs
	group   = 8  // items that carry the stamp of the last transaction
	logs    = 10 // of the last transactions that stay
	// crashFile tells a process of this test binary to be the victim.
	crashFile = "KARUTA_TEST_CRASH_FILE"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		fmt.Fprintln(os.Stderr, victim(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestKilledProcessLosesNothing kills a process in the middle of streams of
// transactions, again and again on the same file. What was acknowledged is
// there, nothing is there by half, and the indexes fit the items.
func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "karuta.db")
	var acked [streams + 1]int64
	inFlight := 0
	for round := range kills {
		runVictim(t, path, &acked)
		e, err := Open(path)
		if err != nil {
			t.Fatalf("after kill %d: %v", round+1, err)
		}
		for s := range acked {
			found := wantWhole(t, e, s)
			if found < acked[s] || found > acked[s]+1 {
				t.Fatalf("after kill %d: stream %d has %d writes, %d were acknowledged", round+1, s, found, acked[s])
			}
			if found > acked[s] {
				inFlight++
			}
			acked[s] = found
		}
		wantConsistent(t, e)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %v writes, %d of them found though not acknowledged", kills, acked, inFlight)
	if acked[0] < kills || inFlight == 0 {
		t.Error("the kills did not come in the middle of the streams")
	}
}

// runVictim starts the process, kills it at a random moment and counts what it
// acknowledged until then.
func runVictim(t *testing.T, path string, acked *[streams + 1]int64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashFile+"="+path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() { _ = cmd.Process.Kill() })
	defer kill()
	left := rand.IntN(30) // acknowledgements until the moment
	if rand.IntN(10) == 0 {
		time.AfterFunc(rand.N(30*time.Millisecond), kill) // sometimes while it opens the file
	}
	for lines := bufio.NewScanner(out); lines.Scan(); left-- {
		var s int
		var n int64
		if _, err := fmt.Sscan(lines.Text(), &s, &n); err != nil {
			t.Errorf("the process said %q", lines.Text())
			break
		}
		acked[s] = n
		if left == 0 {
			time.AfterFunc(rand.N(2*time.Millisecond), kill)
		}
	}
	_ = cmd.Wait()
}

// victim writes until it is killed and acknowledges what is done: "stream number".
func victim(path string) error {
	e, err := Open(path)
	if err != nil {
		return err
	}
	if err := e.Init(context.Background()); err != nil {
		return err
	}
	failed := make(chan error)
	for s := range streams {
		go func() { failed <- stream(e, s) }()
	}
	go func() { failed <- singles(e) }()
	return <-failed
}

// singles writes logs one by one, which share writes to disk.
func singles(e *Engine) error {
	page, err := e.Query(context.Background(), lastLogs)
	if err != nil {
		return err
	}
	n := int64(0)
	if len(page.Items) > 0 {
		n = page.Items[0].Int("timestamp")
	}
	for {
		n++
		it := table.Item{"userId": lastLogs.PK, "timestamp": n}
		if err := e.Write(context.Background(), table.Put(logKey(streams, n), it, table.Always())); err != nil {
			return err
		}
		if _, err := fmt.Printf("%d %d\n", streams, n); err != nil {
			return err
		}
	}
}

var lastLogs = table.Query{Table: table.AuditLogs, Index: table.LogsByUser, PK: "singles", Desc: true, Limit: 1}

func stream(e *Engine, s int) error {
	ctx := context.Background()
	for {
		done, err := e.Get(ctx, counterKey(s))
		if err != nil {
			return err
		}
		n := done.Int(table.AttrVersion) + 1
		if err := e.Transact(ctx, "", transaction(s, n)); err != nil {
			return err
		}
		if _, err := fmt.Printf("%d %d\n", s, n); err != nil {
			return err
		}
	}
}

func counterKey(s int) table.Key {
	return table.Key{Table: table.Users, PK: fmt.Sprintf("COUNTER#%d", s), SK: "METADATA"}
}

func groupKey(s, i int) table.Key {
	return table.Key{Table: table.Cards, PK: fmt.Sprintf("STREAM#%d", s), SK: fmt.Sprintf("CARD#%d", i)}
}

func logKey(s int, n int64) table.Key {
	return table.Key{Table: table.AuditLogs, PK: fmt.Sprintf("LOG#%d#%d", s, n)}
}

// transaction is number n of a stream: it counts, stamps the group, moves its
// items in the indexes, adds a log and takes an old one away.
func transaction(s int, n int64) []table.Write {
	last := table.IfVersion(n - 1)
	if n == 1 {
		last = table.IfAbsent()
	}
	ws := []table.Write{
		table.Put(counterKey(s), table.Item{table.AttrVersion: n}, last),
		table.Put(logKey(s, n), table.Item{"userId": fmt.Sprint("stream", s), "timestamp": n, "ttl": time.Now().Add(time.Hour).Unix() + n}, table.IfAbsent()),
		table.Delete(logKey(s, n-logs), table.Always()),
	}
	for i := range group {
		ws = append(ws, table.Put(groupKey(s, i), table.Item{
			"stamp": n, "owner_id": fmt.Sprint("owner", n%3), "card_id": fmt.Sprintf("%d#%d#%d", s, i, n),
		}, table.Always()))
	}
	return ws
}

// lastLog is the number of the last single log.
func lastLog(t *testing.T, e *Engine) int64 {
	t.Helper()
	page, err := e.Query(t.Context(), lastLogs)
	if errors.Is(err, table.ErrNoTable) || err == nil && len(page.Items) == 0 {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return page.Items[0].Int("timestamp")
}

// wantWhole gives the number of a stream's last transaction and fails where it is there by half.
func wantWhole(t *testing.T, e *Engine, s int) int64 {
	t.Helper()
	if s == streams {
		return lastLog(t, e)
	}
	it, err := e.Get(t.Context(), counterKey(s))
	if errors.Is(err, table.ErrNoTable) { // killed before it had made the tables
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	n := it.Int(table.AttrVersion)
	if n == 0 {
		return 0
	}
	for i := range group {
		if it, err := e.Get(t.Context(), groupKey(s, i)); err != nil || it.Int("stamp") != n {
			t.Fatalf("item %d of stream %d is %v, %v, want stamp %d", i, s, it, err, n)
		}
	}
	page, err := e.Query(t.Context(), table.Query{Table: table.AuditLogs, Index: table.LogsByUser, PK: fmt.Sprint("stream", s), Desc: true})
	if err != nil || len(page.Items) != int(min(n, logs)) || page.Items[0].Int("timestamp") != n {
		t.Fatalf("stream %d has %d logs after transaction %d, %v", s, len(page.Items), n, err)
	}
	return n
}
