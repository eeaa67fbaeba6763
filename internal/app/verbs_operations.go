package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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
	Retired     bool        // list those that were retired too
	Locale      core.Locale // in which is told what is wrong with operations
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
	Note                 string         // why nobody, or not everybody, can run it; "" where everybody can
}

func operationRow(op *core.Operation, fate operation.Fate, addresses map[string]string) OperationRow {
	return OperationRow{
		ID: op.ID, Name: op.Name, Type: op.Type, Hash: op.Hash, Version: op.Version, Email: addresses[op.OwnerID],
		Class: op.Class, UpdatedAt: op.UpdatedAt, RetiredAt: op.RetiredAt, Fate: fate,
	}
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
	manifest := operation.PublishInput{Entries: entries, Class: core.RateClass(in.Class), Description: in.Description, DryRun: in.DryRun, Locale: in.Locale}
	if in.Email != "" {
		owner, err := a.Identity.UserByEmail(ctx, in.Email)
		if err != nil {
			return nil, err
		}
		manifest.OwnerID = owner.ID
	}
	if err := a.Operations.Load(ctx); err != nil { // what nobody can run is told too
		return nil, err
	}
	told, err := a.Operations.Publish(ctx, manifest)
	if err != nil {
		return nil, err
	}
	rows := make([]OperationRow, len(told))
	for i, p := range told {
		if rows[i] = operationRow(p.Operation, p.Fate, nil); p.Note != nil {
			rows[i].Note = operation.Said(in.Locale, p.Note)
		}
	}
	return rows, nil
}

func (a *App) listOperations(ctx context.Context, in OperationArgs) ([]OperationRow, error) {
	addresses, err := a.addresses(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.Operations.Load(ctx); err != nil {
		return nil, err
	}
	problems := a.Operations.Problems()
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
			if problem := problems[op.ID]; problem != nil {
				row.Note = operation.Said(in.Locale, problem)
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
