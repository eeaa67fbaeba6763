package operation

import (
	"context"
	"errors"
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
	DryRun      bool        // only tell
	Locale      core.Locale // in which problems of entries are told
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
	Note      error // why nobody, or not everybody, can run it; nil where everybody can. See [Said]
}

// Publish registers the operations of a manifest, all or none, and tells what
// becomes of each, and which there are beside them. The same once more changes
// nothing. For administrators. Where entries are wrong, the error's sentence names
// all of them.
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
		return nil, nil, core.Invalid("", "empty_manifest")
	}
	if len(in.Entries) > core.MaxOperations {
		return nil, nil, core.Invalid("", "too_many_operations", "max", core.MaxOperations)
	}
	terms := in.of(Entry{})
	if err := s.checkTerms(ctx, &terms); err != nil {
		return nil, nil, err
	}
	in.Class = terms.Class
	facts, documents := make(map[string]Facts, len(in.Entries)), make(map[string]string, len(in.Entries))
	var wrong problems
	for i, e := range in.Entries {
		said, err := s.checkEntry(e)
		if _, twice := facts[e.ID]; twice && err == nil {
			err = core.Invalid("", "entry_twice")
		}
		if err != nil {
			wrong.add(in, i, err)
			continue
		}
		facts[e.ID], documents[core.Hash(e.Document)] = said, e.Document
	}
	return facts, documents, wrong.err()
}

// of is the registration of an entry that is new.
func (in *PublishInput) of(e Entry) RegisterInput {
	return RegisterInput{ID: e.ID, Document: e.Document, OwnerID: in.OwnerID, Class: in.Class, Description: in.Description}
}

// checkEntry tells how the manifest and the document differ, too.
func (s *Service) checkEntry(e Entry) (Facts, error) {
	switch {
	case e.ID == "":
		return Facts{}, core.Invalid("", "entry_id")
	case e.Document == "":
		return Facts{}, core.Invalid("", "entry_text")
	case strings.HasPrefix(e.ID, "sha256:"):
		return Facts{}, core.Invalid("", "entry_hash")
	}
	if err := core.CheckOperationID("", e.ID); err != nil {
		return Facts{}, err
	}
	said, err := s.checkDocument(e.Document)
	switch {
	case err != nil:
	case e.Name != "" && e.Name != said.Name:
		err = core.Invalid("", "entry_name", "listed", e.Name, "written", said.Name)
	case e.Type != "" && e.Type != said.Type:
		err = core.Invalid("", "entry_type", "listed", e.Type, "written", said.Type)
	}
	return said, err
}

// problems are what is wrong with entries of a manifest, a line for each.
type problems []string

func (p *problems) add(in *PublishInput, i int, err error) {
	e := in.Entries[i]
	line := core.Invalid("", "bad_entry", "number", i+1, "name", clip(e.Name), "id", clip(e.ID), "problem", Said(in.Locale, err))
	if e.Name == "" {
		line.Reason = "bad_nameless_entry"
	}
	*p = append(*p, core.Sentence(in.Locale, line))
}

// err is the error of a manifest with problems, nil without any.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return core.Invalid("", "bad_manifest", "count", len(p), "problems", strings.Join(p, "\n"))
}

// clip keeps of a name in a manifest what fits a line.
func clip(name string) string {
	if letters := []rune(name); len(letters) > core.MaxOperationID {
		return string(letters[:core.MaxOperationID]) + "…"
	}
	return name
}

// Said is an error as people read it.
func Said(l core.Locale, err error) string {
	if e, ok := errors.AsType[*core.Error](err); ok {
		return core.Sentence(l, e)
	}
	return err.Error()
}

// fates are what becomes of the registry, and the operations that change.
func (s *Service) fates(ctx context.Context, was *core.Registry, in PublishInput, facts map[string]Facts) (told []Published, changed []*core.Operation, err error) {
	now := &core.Registry{Revision: was.Revision, Operations: maps.Clone(was.Operations)}
	if fresh(was, facts)+len(was.Operations) > core.MaxOperations {
		return nil, nil, core.Invalid("", "too_many_operations", "max", core.MaxOperations)
	}
	var wrong problems
	for i, e := range in.Entries {
		one, there, fate := in.of(e), was.Operations[e.ID], FateNew
		if there != nil { // what was said of it by hand stays
			one.Version, one.OwnerID, one.Class, one.Description, fate = &there.Version, there.OwnerID, there.Class, there.Description, FateChanged
		}
		next, err := s.next(ctx, now, one, facts[e.ID])
		switch {
		case err != nil:
			wrong.add(&in, i, err)
		case next == nil:
			told = append(told, Published{there, FateSame, facts[e.ID].Caveat})
		default:
			told, changed = append(told, Published{next, fate, facts[e.ID].Caveat}), append(changed, next)
			now.Operations[e.ID] = next
		}
	}
	return append(told, s.others(was, facts)...), changed, wrong.err()
}

// fresh is how many of the manifest's ids are new.
func fresh(was *core.Registry, facts map[string]Facts) (n int) {
	for id := range facts {
		if was.Operations[id] == nil {
			n++
		}
	}
	return n
}

// others are the operations that are not in the manifest.
func (s *Service) others(was *core.Registry, facts map[string]Facts) (told []Published) {
	problems := s.Problems()
	for _, id := range slices.Sorted(maps.Keys(was.Operations)) {
		if _, named := facts[id]; !named && !was.Operations[id].Retired() {
			told = append(told, Published{was.Operations[id], FateOther, problems[id]})
		}
	}
	return told
}
