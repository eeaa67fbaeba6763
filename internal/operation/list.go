package operation

import (
	"context"
	"maps"
	"slices"

	"github.com/karuta-bi/karuta/internal/core"
)

// Operations lists operations by id: all for administrators, their own for all
// others. The cursor is the last id.
func (s *Service) Operations(ctx context.Context, retired bool, p core.PageArgs) (core.Page[*core.Operation], error) {
	var page core.Page[*core.Operation]
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return page, err
	}
	if p.After != "" && core.CheckOperationID("", p.After) != nil {
		return page, core.Invalid("after", "bad_cursor")
	}
	registry, err := s.store.Operations.Registry(ctx)
	if err != nil {
		return page, core.Known("operation: list", err)
	}
	for _, id := range slices.Sorted(maps.Keys(registry.Operations)) {
		op := registry.Operations[id]
		if id <= p.After || op.Retired() && !retired || !actor.IsAdmin() && !actor.Is(op.OwnerID) {
			continue
		}
		if page.HasNext = len(page.Nodes) == p.First; page.HasNext {
			break
		}
		page.Nodes, page.Cursors = append(page.Nodes, op), append(page.Cursors, id)
	}
	return page, nil
}

// Operation is one operation; NOT_FOUND for everybody but its owner and administrators.
func (s *Service) Operation(ctx context.Context, id string) (*core.Operation, error) {
	return s.own(ctx, "id", id, "VIEW")
}

func (s *Service) own(ctx context.Context, field, id, want string) (*core.Operation, error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := core.CheckOperationID(field, id); err != nil {
		return nil, err
	}
	registry, err := s.store.Operations.Registry(ctx)
	if err != nil {
		return nil, core.Known("operation: read", err)
	}
	op := registry.Operations[id]
	if op != nil && !actor.IsAdmin() && !actor.Is(op.OwnerID) {
		s.audit.Denied(ctx, "operation", id, want)
		op = nil
	}
	if op == nil {
		return nil, core.NotFound(field)
	}
	return op, nil
}

// Document is the present document of an operation that the actor has been given.
func (s *Service) Document(ctx context.Context, op *core.Operation) (string, error) {
	texts, err := s.store.Operations.Documents(ctx, []string{op.Hash})
	if err != nil {
		return "", core.Known("operation: document", err)
	}
	return texts[op.Hash], nil
}

// Uses tell how often each client has asked for an operation that the actor has
// been given, by client and release. What other processes have counted in the
// last minute may be missing.
func (s *Service) Uses(ctx context.Context, op *core.Operation) ([]core.OperationUse, error) {
	s.WriteUses(ctx)
	all, err := s.store.Operations.Uses(ctx, op.ID)
	return all, core.Known("operation: uses", err)
}
