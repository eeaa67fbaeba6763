package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/operation"
)

// OperationArgs name an operation, or say what is said of a manifest's operations
// where they are new.
type OperationArgs struct {
	ID          string
	Email       string // of who answers for them, "" for administrators
	Class       string
	Description string
	DryRun      bool
	Retired     bool // list those that were retired too
}

// OperationRow is an operation as operators see it.
type OperationRow struct {
	ID, Name, Type, Hash string
	Version              int64
	Email                string // of who answers for it, "" for administrators
	Class                core.RateClass
	UpdatedAt            time.Time
	RetiredAt            time.Time
	Uses                 int64
	LastAt               time.Time      // when it was last asked for, zero for never
	Fate                 operation.Fate // where a manifest is published
}

func operationRow(op *core.Operation, fate operation.Fate, addresses map[string]string) OperationRow {
	return OperationRow{
		ID: op.ID, Name: op.Name, Type: op.Type, Hash: op.Hash, Version: op.Version, Email: addresses[op.OwnerID],
		Class: op.Class, UpdatedAt: op.UpdatedAt, RetiredAt: op.RetiredAt, Fate: fate,
	}
}

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
		return nil, &core.Error{Code: core.CodeValidation, Reason: "no_manifest", Field: "manifest", Cause: err}
	}
	if m.Format != "apollo-persisted-query-manifest" || m.Version != 1 {
		return nil, &core.Error{Code: core.CodeValidation, Reason: "no_manifest", Field: "manifest",
			Cause: errors.New(`want "format": "apollo-persisted-query-manifest" and "version": 1, or an object of documents by their ids`)}
	}
	entries := make([]operation.Entry, len(m.Operations))
	for i, o := range m.Operations {
		entries[i] = operation.Entry{ID: o.ID, Document: o.Body, Name: o.Name, Type: o.Type}
	}
	return entries, nil
}

// documentsByID reads what the Relay compiler and GraphQL Code Generator write: one
// object, in which each document stands under its id. Not so is what has no document
// at all, or anything else in it.
func documentsByID(text []byte) ([]operation.Entry, bool) {
	var documents map[string]string
	if err := json.Unmarshal(text, &documents); err != nil || len(documents) == 0 {
		return nil, false
	}
	entries := make([]operation.Entry, 0, len(documents))
	for _, id := range slices.Sorted(maps.Keys(documents)) {
		entries = append(entries, operation.Entry{ID: id, Document: documents[id]})
	}
	return entries, true
}

func (a *App) publishOperations(ctx context.Context, args json.RawMessage, file io.Reader) (any, error) {
	var in OperationArgs
	if err := json.Unmarshal(args, &in); err != nil {
		return nil, fmt.Errorf("arguments: %w", err)
	}
	entries, err := readManifest(file)
	if err != nil {
		return nil, err
	}
	manifest := operation.PublishInput{Entries: entries, Class: core.RateClass(in.Class), Description: in.Description, DryRun: in.DryRun}
	if in.Email != "" {
		owner, err := a.Identity.UserByEmail(ctx, in.Email)
		if err != nil {
			return nil, err
		}
		manifest.OwnerID = owner.ID
	}
	told, err := a.Operations.Publish(ctx, manifest)
	if err != nil {
		return nil, err
	}
	rows := make([]OperationRow, len(told))
	for i, p := range told {
		rows[i] = operationRow(p.Operation, p.Fate, nil)
	}
	return rows, nil
}

func (a *App) listOperations(ctx context.Context, in OperationArgs) ([]OperationRow, error) {
	addresses, err := a.addresses(ctx)
	if err != nil {
		return nil, err
	}
	rows := []OperationRow{}
	for p := (core.PageArgs{First: core.MaxPage}); ; {
		page, err := a.Operations.Operations(ctx, in.Retired, p)
		if err != nil {
			return nil, err
		}
		for _, op := range page.Nodes {
			row, err := a.usedRow(ctx, op, addresses)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
		if !page.HasNext {
			return rows, nil
		}
		p.After = page.EndCursor()
	}
}

// usedRow is the operation with how often it is used.
func (a *App) usedRow(ctx context.Context, op *core.Operation, addresses map[string]string) (OperationRow, error) {
	row := operationRow(op, "", addresses)
	uses, err := a.Operations.Uses(ctx, op)
	for _, u := range uses {
		row.Uses += u.Count
		if u.LastAt.After(row.LastAt) {
			row.LastAt = u.LastAt
		}
	}
	return row, err
}

func (a *App) retireOperation(ctx context.Context, in OperationArgs) (OperationRow, error) {
	addresses, err := a.addresses(ctx)
	if err != nil {
		return OperationRow{}, err
	}
	op, err := a.Operations.Retire(ctx, in.ID)
	if err != nil {
		return OperationRow{}, err
	}
	return a.usedRow(ctx, op, addresses)
}
