package operation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
)

// Entry is an operation of a manifest.
type Entry struct {
	ID       string
	Document string
	Name     string // "" is whatever the document says
	Type     string // "" is whatever the document says
}

// PublishInput is a manifest and what is said of its operations where they are new.
type PublishInput struct {
	Entries     []Entry
	OwnerID     string
	Class       core.RateClass
	Description string
	DryRun      bool // only tell
}

// Fate is what becomes of an operation.
type Fate string

// The fates.
const (
	FateNew     Fate = "new"
	FateChanged Fate = "changed" // it gets another version
	FateSame    Fate = "same"
	FateOther   Fate = "other" // it is not in the manifest, and stays
)

// Published is an operation with what becomes of it.
type Published struct {
	Operation *core.Operation
	Fate      Fate
}

// Publish registers the operations of a manifest, all or none, and tells what
// becomes of each, and which there are beside them. The same once more changes
// nothing. For administrators. Where entries are wrong, all of them are named in
// the error's cause.
func (s *Service) Publish(ctx context.Context, in PublishInput) ([]Published, error) {
	if _, err := s.gate.RequireAdmin(ctx); err != nil {
		return nil, err
	}
	facts, documents, err := s.checkManifest(ctx, &in)
	if err != nil {
		return nil, err
	}
	var told []Published
	err = s.change(ctx, func(was *core.Registry) (changed []*core.Operation, err error) {
		told, changed, err = s.fates(ctx, was, in, facts)
		if in.DryRun {
			changed = nil
		}
		return changed, err
	}, documents)
	return told, err
}

// checkManifest checks each entry by itself.
func (s *Service) checkManifest(ctx context.Context, in *PublishInput) (map[string]Facts, map[string]string, error) {
	if len(in.Entries) == 0 {
		return nil, nil, core.Invalid("operations", "required")
	}
	if len(in.Entries) > core.MaxOperations {
		return nil, nil, core.Invalid("operations", "too_many", "max", core.MaxOperations)
	}
	facts, documents := make(map[string]Facts, len(in.Entries)), make(map[string]string, len(in.Entries))
	var problems []string
	for i, e := range in.Entries {
		one := RegisterInput{ID: e.ID, Document: e.Document, OwnerID: in.OwnerID, Class: in.Class, Description: in.Description}
		said, err := s.checkInput(ctx, &one)
		if err == nil {
			err = e.fits(said)
		}
		if _, twice := facts[e.ID]; twice && err == nil {
			err = fmt.Errorf("the id stands there twice")
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("operation %d (%q): %v", i+1, e.ID, plain(err)))
			continue
		}
		in.Class = one.Class
		facts[e.ID], documents[core.Hash(e.Document)] = said, e.Document
	}
	return facts, documents, wrong(problems)
}

// fits tells how the manifest and the document differ.
func (e Entry) fits(said Facts) error {
	switch {
	case e.Name != "" && e.Name != said.Name:
		return fmt.Errorf("it is called %q and its document says %q", e.Name, said.Name)
	case e.Type != "" && e.Type != said.Type:
		return fmt.Errorf("it is a %q and its document a %q", e.Type, said.Type)
	}
	return nil
}

// wrong is the error of a manifest with problems, nil without any.
func wrong(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return &core.Error{Code: core.CodeValidation, Reason: "bad_manifest", Args: map[string]any{"count": len(problems)}, Cause: fmt.Errorf("%s", strings.Join(problems, "\n"))}
}

// plain is an error in the words of an operator.
func plain(err error) string {
	if e, ok := err.(*core.Error); ok {
		return core.Sentence(core.English, e)
	}
	return err.Error()
}

// fates are what becomes of the registry, and the operations that change.
func (s *Service) fates(ctx context.Context, was *core.Registry, in PublishInput, facts map[string]Facts) (told []Published, changed []*core.Operation, err error) {
	now := &core.Registry{Revision: was.Revision, Operations: maps.Clone(was.Operations)}
	var problems []string
	for i, e := range in.Entries {
		one := RegisterInput{ID: e.ID, Document: e.Document, OwnerID: in.OwnerID, Class: in.Class, Description: in.Description}
		there, fate := was.Operations[e.ID], FateNew
		if there != nil { // what was said of it by hand stays
			one.Version, one.OwnerID, one.Class, one.Description, fate = &there.Version, there.OwnerID, there.Class, there.Description, FateChanged
		}
		next, err := s.next(ctx, now, one, facts[e.ID])
		switch {
		case err != nil:
			problems = append(problems, fmt.Sprintf("operation %d (%q): %s", i+1, e.ID, plain(err)))
		case next == nil:
			told = append(told, Published{there, FateSame})
		default:
			told, changed = append(told, Published{next, fate}), append(changed, next)
			now.Operations[e.ID] = next
		}
	}
	for _, id := range slices.Sorted(maps.Keys(was.Operations)) {
		if _, named := facts[id]; !named && !was.Operations[id].Retired() {
			told = append(told, Published{was.Operations[id], FateOther})
		}
	}
	return told, changed, wrong(problems)
}
