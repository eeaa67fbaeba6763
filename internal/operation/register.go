package operation

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// RegisterInput is what an operation is to be.
type RegisterInput struct {
	ID          string
	Document    string
	Version     *int64         // that was seen, of an operation that is there; nil for a new one
	OwnerID     string         // who answers for it; "" leaves it as it is, and takes the actor for a new one
	Class       core.RateClass // "" is [core.RateAPI]
	Description string         // up to 300 characters
}

// classes are what an operation may count as beside its root fields.
var classes = []core.RateClass{core.RateAPI, core.RateSearch, core.RateLLM, core.RateAdmin}

// Register registers an operation or a further version of it, and gives it as it
// is then. A new one is for administrators, a version for them and its owner.
// The same once more changes nothing; what is there and differs is DUPLICATE_ERROR
// without its version, and CONFLICT with another one.
func (s *Service) Register(ctx context.Context, in RegisterInput) (*core.Operation, error) {
	actor, err := s.gate.RequireSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	facts, err := s.checkInput(ctx, &in)
	if err != nil {
		return nil, err
	}
	var made *core.Operation
	err = s.change(ctx, func(was *core.Registry) ([]*core.Operation, error) {
		there := was.Operations[in.ID]
		if there == nil || !actor.Is(there.OwnerID) {
			if _, err := s.gate.RequireAdmin(ctx); err != nil {
				return nil, err
			}
		}
		made = there
		next, err := s.next(ctx, was, in, facts)
		if err != nil || next == nil {
			return nil, err
		}
		made = next
		return []*core.Operation{next}, nil
	}, map[string]string{core.Hash(in.Document): in.Document})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (s *Service) checkInput(ctx context.Context, in *RegisterInput) (Facts, error) {
	if err := core.CheckOperationID("input.operationId", in.ID); err != nil {
		return Facts{}, err
	}
	if err := s.checkTerms(ctx, in); err != nil {
		return Facts{}, err
	}
	return s.checkDocument(in.Document)
}

// checkTerms checks what is said of an operation beside its document.
func (s *Service) checkTerms(ctx context.Context, in *RegisterInput) error {
	if in.Class == "" {
		in.Class = core.RateAPI
	}
	if !slices.Contains(classes, in.Class) {
		return core.Invalid("input.rateClass", "bad_choice", "choices", "API, SEARCH, LLM, ADMIN")
	}
	if err := core.CheckText("input.description", in.Description, core.MaxOperationWords); err != nil {
		return err
	}
	if in.Version != nil && *in.Version < 1 {
		return core.Invalid("input.version", "bad_value")
	}
	return s.checkOwner(ctx, in.OwnerID)
}

func (s *Service) checkDocument(document string) (Facts, error) {
	const field = "input.document"
	if document == "" {
		return Facts{}, core.Invalid(field, "required")
	}
	if len(document) > core.MaxOperationText {
		return Facts{}, core.Invalid(field, "text_too_large", "asked", len(document), "max", core.MaxOperationText)
	}
	facts, err := s.check(document)
	return facts, unfit(field, err)
}

// unfit is why a document cannot be registered, as an error at the field; nil where
// it can. It keeps what there is too much of.
func unfit(field string, err error) error {
	ours, _ := errors.AsType[*core.Error](err)
	switch {
	case err == nil:
		return nil
	case ours == nil || ours.Code == core.CodeGraphQLParse || ours.Code == core.CodeGraphQLValidation:
		return core.Invalid(field, "bad_document", "problem", err.Error())
	case ours.Code == core.CodeQueryCost:
		return &core.Error{Code: core.CodeValidation, Reason: "never_runs", Field: field, Args: map[string]any{"problem": ours}, Details: ours.Details}
	}
	at := *ours
	at.Field = field
	return &at
}

func (s *Service) checkOwner(ctx context.Context, id string) error {
	const field = "input.ownerId"
	if id == "" {
		return nil
	}
	if err := core.CheckID(field, id, core.NounUser); err != nil {
		return err
	}
	u, err := s.store.Users.Get(ctx, id)
	switch {
	case err != nil:
		return core.Internal("operation: owner", err)
	case u == nil:
		return core.NotFound(field)
	case !u.Active():
		return core.Invalid(field, "inactive")
	}
	return nil
}

// next is the operation with what is asked, nil where it is so already.
func (s *Service) next(ctx context.Context, was *core.Registry, in RegisterInput, facts Facts) (*core.Operation, error) {
	there, hash, now := was.Operations[in.ID], core.Hash(in.Document), store.Now()
	if other := holder(was, hash); other != "" && other != in.ID {
		return nil, &core.Error{Code: core.CodeDuplicate, Reason: "operation_document", Field: "input.document", Args: map[string]any{"id": other}, Details: map[string]any{"operationId": other}}
	}
	actor := core.ActorFrom(ctx).UserID()
	if there == nil {
		if in.Version != nil {
			return nil, core.NotFound("input.operationId")
		}
		if len(was.Operations) >= core.MaxOperations {
			return nil, core.Invalid("input", "too_many_operations", "max", core.MaxOperations)
		}
		there = &core.Operation{ID: in.ID, CreatedAt: now, OwnerID: core.ActorFrom(ctx).SignIn().UserID}
		if core.ActorFrom(ctx).User == nil {
			there.OwnerID = "" // the operator is nobody who could answer for it
		}
	} else if err := mayFollow(there, in, hash); err != nil {
		return nil, err
	}
	next := *there
	next.Name, next.Type, next.Hash, next.Class, next.Description = facts.Name, facts.Type, hash, in.Class, in.Description
	if in.OwnerID != "" {
		next.OwnerID = in.OwnerID
	}
	if there.Version > 0 && same(there, &next) {
		return nil, nil
	}
	next.Version, next.UpdatedAt, next.UpdatedBy = there.Version+1, now, actor
	next.Past = past(there, hash)
	return &next, nil
}

// mayFollow tells why an operation that is there cannot become what is asked.
func mayFollow(there *core.Operation, in RegisterInput, hash string) error {
	switch {
	case there.Retired():
		return core.Invalid("input.operationId", "retired")
	case in.Version != nil && *in.Version != there.Version:
		return core.Conflict(*in.Version, there.Version)
	case in.Version == nil && hash != there.Hash:
		return &core.Error{Code: core.CodeDuplicate, Reason: "operation", Field: "input.operationId", Details: map[string]any{"version": there.Version}}
	}
	return nil
}

func same(a, b *core.Operation) bool {
	return a.Hash == b.Hash && a.Class == b.Class && a.Description == b.Description && a.OwnerID == b.OwnerID
}

// past is what comes before a version with the document: the versions that had
// another one, the last few of them.
func past(there *core.Operation, hash string) []core.OperationVersion {
	if there.Version == 0 {
		return nil
	}
	var kept []core.OperationVersion
	for _, v := range there.Versions() {
		if v.Hash != hash {
			kept = append(kept, v)
		}
	}
	return kept[max(0, len(kept)-core.MaxPastVersions):]
}

// holder is the id of the operation that may be asked by the hash, "" for none.
func holder(was *core.Registry, hash string) string {
	for id, op := range was.Operations {
		for _, v := range alive(op) {
			if v.Hash == hash {
				return id
			}
		}
	}
	return ""
}

// changeTries is how often a change is tried that others come before.
const changeTries = 8

// change lets decide choose from the registry as it is which operations become
// what, writes them with the documents that they name, and records each. Where
// decide chooses none nothing is done.
func (s *Service) change(ctx context.Context, decide func(*core.Registry) ([]*core.Operation, error), documents map[string]string) error {
	if err := s.audit.Ready(); err != nil {
		return err
	}
	for try := 0; ; try++ {
		was, err := s.store.Operations.Registry(ctx)
		if err != nil {
			return core.Known("operation: registry", err)
		}
		changed, err := decide(was)
		if err != nil || len(changed) == 0 {
			return err
		}
		err = s.store.Operations.Change(ctx, was, changed, named(changed, documents))
		if core.CodeOf(err) == core.CodeConflict && try < changeTries {
			continue
		}
		if err != nil {
			return core.Known("operation: change", err)
		}
		if err := s.record(ctx, changed); err != nil {
			return err
		}
		return s.Load(ctx)
	}
}

// named are the documents that operations name.
func named(ops []*core.Operation, documents map[string]string) map[string]string {
	kept := maps.Clone(documents)
	maps.DeleteFunc(kept, func(hash, _ string) bool {
		return !slices.ContainsFunc(ops, func(op *core.Operation) bool { return op.Hash == hash })
	})
	return kept
}

func (s *Service) record(ctx context.Context, changed []*core.Operation) error {
	for _, op := range changed {
		what := core.EventOperationRegistered
		if op.Retired() {
			what = core.EventOperationRetired
		}
		err := s.audit.RecordStrict(ctx, core.AuditEvent{
			Type: what, TargetType: "operation", TargetID: op.ID,
			Details: map[string]string{"version": strconv.FormatInt(op.Version, 10), "hash": op.Hash, "class": string(op.Class), "owner": op.OwnerID},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Retire ends an operation: nobody may ask for it any more, and its id stays
// taken. For its owner and administrators; to all others it is NOT_FOUND. What
// was retired before stays as it is.
func (s *Service) Retire(ctx context.Context, id string) (*core.Operation, error) {
	if _, err := s.own(ctx, "input.operationId", id, "MANAGE"); err != nil {
		return nil, err
	}
	var ended *core.Operation
	err := s.change(ctx, func(was *core.Registry) ([]*core.Operation, error) {
		op := *was.Operations[id]
		if ended = &op; op.Retired() {
			return nil, nil
		}
		op.RetiredAt = store.Now()
		return []*core.Operation{&op}, nil
	}, nil)
	return ended, err
}
