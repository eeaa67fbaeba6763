package server_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/karuta-bi/karuta/internal/apq"
	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/testkit"
	"github.com/karuta-bi/karuta/server"
)

// A document that was sent to one API with its hash is known to the others behind
// the same Redis, whichever way it came and is asked for; what is wrong is not. Where
// Redis is gone, each goes on with what it has.
func TestPersistedQueriesAreShared(t *testing.T) {
	redisServer := testkit.Redis(t, false)
	behind := func(d *server.Deps) {
		options, err := bus.RedisOptions(redisServer.URL)
		must(t, err)
		client := redis.NewClient(options)
		t.Cleanup(func() { _ = client.Close() })
		d.Persisted = apq.New(1<<20, client, d.Log)
	}
	one, two := newHouse(t, behind).transports(""), newHouse(t, behind).transports("")
	for to := range one {
		document, wrong := asksEnv+" #"+to, "{ nothing } #"+to
		if a := one[to](hashed(sha(wrong), wrong)); a.code() == "" {
			t.Fatal(a.text)
		}
		if a := one[to](hashed(sha(document), document)); a.Data["serverInfo"] == nil {
			t.Fatal(a.text)
		}
		for from := range two {
			if a := two[from](hashed(sha(document), "")); a.Data["serverInfo"] == nil {
				t.Errorf("sent by %s, asked by %s: %s", to, from, a.text)
			}
			if a := two[from](hashed(sha(wrong), "")); a.code() != "PERSISTED_QUERY_NOT_FOUND" {
				t.Errorf("sent by %s, asked by %s: %s", to, from, a.text)
			}
		}
	}
	redisServer.Kill()
	alone := asksEnv + " # alone"
	if a := one["POST"](hashed(sha(alone), alone)); a.Data["serverInfo"] == nil {
		t.Error(a.text)
	}
	if a := one["GET"](hashed(sha(alone), "")); a.Data["serverInfo"] == nil {
		t.Error(a.text)
	}
	if a := two["POST"](hashed(sha(alone), "")); a.code() != "PERSISTED_QUERY_NOT_FOUND" {
		t.Error(a.text)
	}
}
