package server

import (
	"context"
	"encoding/json"
	"net/http"

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

// kept is the document of the hash. Clients send it along when they are told that it
// is not here, and never try again where nothing is kept at all.
func (d *documents) kept(ctx context.Context, hash string) (string, *gqlerror.Error) {
	if text, found := d.persisted.Text(ctx, hash); found {
		return text, nil
	}
	if d.persisted.Off() {
		return "", &gqlerror.Error{Message: "PersistedQueryNotSupported", Err: &core.Error{Code: core.CodePersistingOff}}
	}
	return "", &gqlerror.Error{Message: "PersistedQueryNotFound", Err: &core.Error{Code: core.CodeNotPersisted}}
}
