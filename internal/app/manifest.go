package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/operation"
)

// manifest is what @apollo/generate-persisted-query-manifest writes.
type manifest struct {
	Format     string
	Version    int
	Operations []struct{ ID, Body, Name, Type string }
}

// maxManifest is how long a manifest may be, in bytes.
const maxManifest = 32 << 20

func readManifest(file io.Reader) ([]operation.Entry, error) {
	text, err := io.ReadAll(io.LimitReader(file, maxManifest+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxManifest:
		return nil, core.Invalid("manifest", "too_large", "max", maxManifest)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // as editors on Windows put before it
	if entries, plain := documentsByID(text); plain {
		return entries, nil
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, unreadable(text, err)
	}
	if m.Format != "apollo-persisted-query-manifest" || m.Version != 1 {
		return nil, core.Invalid("", "no_manifest")
	}
	entries := make([]operation.Entry, len(m.Operations))
	for i, o := range m.Operations {
		entries[i] = operation.Entry{ID: o.ID, Document: o.Body, Name: o.Name, Type: o.Type}
	}
	return entries, nil
}

// unreadable tells on which line a manifest stops making sense, where it began as one.
func unreadable(text []byte, err error) error {
	var at int64
	if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = wrong.Offset
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at = wrong.Offset
	}
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return core.Invalid("", "no_manifest")
	}
	read := text[:min(int(at), len(text))]
	return core.Invalid("", "broken_manifest", "line", 1+bytes.Count(read, []byte("\n")))
}

// documentsByID reads what the Relay compiler and GraphQL Code Generator write: one
// object, in which each document stands under its id. Not so is what has no document
// at all, or anything else in it.
func documentsByID(text []byte) (entries []operation.Entry, plain bool) {
	read := json.NewDecoder(bytes.NewReader(text))
	if begin, err := read.Token(); err != nil || begin != json.Delim('{') {
		return nil, false
	}
	for read.More() {
		id, err := read.Token()
		if err != nil {
			return nil, false
		}
		e := operation.Entry{ID: id.(string)}
		if err := read.Decode(&e.Document); err != nil {
			return nil, false
		}
		if hash := core.Hash(e.Document); e.ID == "sha256:"+hash { // by which it is asked for as by its id
			e.ID = hash
		}
		entries = append(entries, e)
	}
	if _, err := read.Token(); err != nil {
		return nil, false
	}
	_, err := read.Token()
	return entries, len(entries) > 0 && err == io.EOF
}
