package server

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/internal/core"
)

// hashField is where a request names its document by its hash, as Apollo's
// "automatic persisted queries" do.
const hashField = "extensions.persistedQuery.sha256Hash"

// hashOf is the hash that a request's extensions carry, "" where they carry none.
func hashOf(extensions map[string]any) (string, error) {
	said, there := extensions["persistedQuery"]
	if !there || said == nil {
		return "", nil
	}
	named, ok := said.(map[string]any)
	if !ok {
		return "", refuse(http.StatusBadRequest, "extensions.persistedQuery", "bad_value")
	}
	if version, ok := named["version"].(json.Number); !ok || version != "1" {
		return "", refuse(http.StatusBadRequest, "extensions.persistedQuery.version", "bad_value")
	}
	hash, _ := named["sha256Hash"].(string)
	if !core.IsHash(hash) {
		return "", refuse(http.StatusBadRequest, hashField, "bad_value")
	}
	return hash, nil
}

// entryBytes is what an entry takes beside its text.
const entryBytes = 256

// persisted keeps documents by their hash, those that were used last, within
// so many bytes.
type persisted struct {
	most int64

	mu    sync.Mutex
	bytes int64
	texts *simplelru.LRU[string, string]
}

func newPersisted(most int64) *persisted {
	p := &persisted{most: most}
	if most < entryBytes {
		return p
	}
	texts, err := simplelru.NewLRU(int(most/entryBytes), func(_, text string) { p.bytes -= int64(len(text)) + entryBytes })
	if err != nil {
		panic(err) // the size is positive
	}
	p.texts = texts
	return p
}

// text is the document of the hash. Clients send it along when they are told
// that it is not here, and never try again where nothing is kept at all.
func (p *persisted) text(hash string) (string, *gqlerror.Error) {
	if p.texts == nil {
		return "", &gqlerror.Error{Message: "PersistedQueryNotSupported", Err: &core.Error{Code: core.CodePersistingOff}}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if text, ok := p.texts.Get(hash); ok {
		return text, nil
	}
	return "", &gqlerror.Error{Message: "PersistedQueryNotFound", Err: &core.Error{Code: core.CodeNotPersisted}}
}

// keep remembers a document that is good.
func (p *persisted) keep(hash, text string) {
	size := int64(len(text)) + entryBytes
	if p.texts == nil || size > p.most {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, there := p.texts.Get(hash); there {
		return
	}
	p.texts.Add(hash, text)
	for p.bytes += size; p.bytes > p.most; {
		p.texts.RemoveOldest()
	}
}
