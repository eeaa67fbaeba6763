package apq_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/karuta-bi/karuta/internal/apq"
	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// process is the store of one process behind a Redis.
func process(t *testing.T, server *testkit.RedisServer, most int64) (*apq.Store, *bytes.Buffer) {
	t.Helper()
	options, err := bus.RedisOptions(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	log := &bytes.Buffer{}
	return apq.New(most, client, slog.New(slog.NewJSONHandler(log, nil))), log
}

func keep(t *testing.T, s *apq.Store, text string) { s.Keep(t.Context(), core.Hash(text), text) }

func has(t *testing.T, s *apq.Store, text string) bool {
	t.Helper()
	got, found := s.Text(t.Context(), core.Hash(text))
	if found && got != text {
		t.Fatalf("%q is %q", text, got)
	}
	return found
}

func TestWhatOneProcessKeepsAllHave(t *testing.T) {
	server := testkit.Redis(t, false)
	one, _ := process(t, server, 1<<20)
	two, _ := process(t, server, 1<<20)
	if has(t, two, "{ a }") {
		t.Error("it is there before it was kept")
	}
	if keep(t, one, "{ a }"); !has(t, one, "{ a }") || !has(t, two, "{ a }") {
		t.Error("it is not there")
	}
}

// In Redis as in memory there are no more bytes than may be, and who was used last stays.
func TestWhatIsKeptIsBounded(t *testing.T) {
	const most = 20 << 10
	server := testkit.Redis(t, false)
	text := func(i int) string { return "{ a } #" + strings.Repeat(strconv.Itoa(i%10), 1000) + strconv.Itoa(i) }
	for i := range 100 {
		one, _ := process(t, server, most) // always a new one, so that Redis is told each time
		keep(t, one, text(0))
		keep(t, one, text(i))
	}
	other, _ := process(t, server, most)
	held := 0
	for i := range 100 {
		if has(t, other, text(i)) {
			held += len(text(i))
		}
	}
	if held < most/2 || held > most || !has(t, other, text(0)) || !has(t, other, text(99)) {
		t.Errorf("%d bytes are kept", held)
	}
	if ttl := server.Ask(t, "TTL karuta:{documents}"); ttl < ":86000" || ttl > ":86400" {
		t.Errorf("they are kept for %s", ttl)
	}
	server.Ask(t, "DEL karuta:{documents}:used") // as under pressure
	last, _ := process(t, server, most)
	if keep(t, last, "{ b }"); has(t, other, text(98)) || !has(t, other, "{ b }") {
		t.Error("what is kept does not fit what is known of it")
	}
	if bytes := server.Ask(t, "HSTRLEN karuta:{documents} bytes"); bytes != ":3" {
		t.Errorf("the count of bytes has %s digits", bytes)
	}
}

// What nobody has used for a day is let go.
func TestWhatNobodyUsesIsLetGo(t *testing.T) {
	server := testkit.Redis(t, false)
	one, _ := process(t, server, 1<<20)
	keep(t, one, "{ a }")
	server.Ask(t, "ZADD karuta:{documents}:used 1000 "+core.Hash("{ a }"))
	keep(t, one, "{ b }")
	if two, _ := process(t, server, 1<<20); has(t, two, "{ a }") || !has(t, two, "{ b }") {
		t.Error("it is kept for too long")
	}
}

// A Redis that is gone, that comes back empty, or that somebody has written other
// texts into, is never an error and never a lie.
func TestRedisIsNotNeeded(t *testing.T) {
	server := testkit.Redis(t, false)
	one, log := process(t, server, 1<<20)
	two, _ := process(t, server, 1<<20)
	server.Ask(t, fmt.Sprintf("HSET karuta:{documents} %s other", core.Hash("{ a }")))
	if has(t, one, "{ a }") {
		t.Error("a text that does not have its hash")
	}
	server.Kill()
	if keep(t, one, "{ a }"); !has(t, one, "{ a }") || has(t, two, "{ a }") {
		t.Error("memory alone does not do")
	}
	if !strings.Contains(log.String(), "keeps them for itself") {
		t.Errorf("nobody is told: %s", log)
	}
	server.Restart(t)
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if keep(t, one, "{ a }"); has(t, two, "{ a }") { // once Redis is asked again
			return
		}
	}
	t.Error("Redis is not told once it is back")
}
