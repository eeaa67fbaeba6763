package apq

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/redis/go-redis/v9"

	"github.com/karuta-bi/karuta/internal/core"
)

// entryBytes is what an entry takes beside its text.
const entryBytes = 256

// Store keeps texts of documents by their hash. It may be used by any number of goroutines.
type Store struct {
	most   int64
	shared *shared

	mu    sync.Mutex
	bytes int64
	texts *simplelru.LRU[string, *entry]
}

type entry struct {
	text string
	told time.Time // when Redis was told of it last
}

// New makes a store of so many bytes; one of 0 keeps nothing. The client is nil where
// this process is alone.
func New(most int64, client *redis.Client, log *slog.Logger) *Store {
	s := &Store{most: most}
	if most < entryBytes {
		return s
	}
	texts, err := simplelru.NewLRU(int(most/entryBytes), func(_ string, e *entry) { s.bytes -= e.size() })
	if err != nil {
		panic(err) // the size is positive
	}
	s.texts = texts
	if client != nil {
		s.shared = &shared{client: client, most: most, log: log}
	}
	return s
}

func (e *entry) size() int64 { return int64(len(e.text)) + entryBytes }

// Off tells that nothing is kept at all.
func (s *Store) Off() bool { return s.texts == nil }

// Text is the document of a hash, wherever it is kept. It was good when it was kept,
// perhaps by a process with another schema.
func (s *Store) Text(ctx context.Context, hash string) (text string, found bool) {
	if s.Off() {
		return "", false
	}
	s.mu.Lock()
	e, found := s.texts.Get(hash)
	s.mu.Unlock()
	if found {
		return e.text, true
	}
	text = s.shared.text(ctx, hash)
	return text, text != "" && core.Hash(text) == hash
}

// Keep remembers a document that is good and is used now. Its caller knows that the
// hash is the text's.
func (s *Store) Keep(ctx context.Context, hash, text string) {
	e := &entry{text: text}
	if s.Off() || e.size() > s.most {
		return
	}
	if e = s.keep(hash, e); s.shared == nil {
		return
	}
	s.mu.Lock()
	due := time.Since(e.told) > renewEvery
	s.mu.Unlock()
	if due && s.shared.keep(ctx, hash, text) {
		s.mu.Lock()
		defer s.mu.Unlock()
		e.told = time.Now()
	}
}

// keep gives the entry that is there in the end.
func (s *Store) keep(hash string, e *entry) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if was, there := s.texts.Get(hash); there {
		return was
	}
	s.texts.Add(hash, e)
	for s.bytes += e.size(); s.bytes > s.most; {
		s.texts.RemoveOldest()
	}
	return e
}
