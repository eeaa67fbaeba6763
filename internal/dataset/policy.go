package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// PolicyInput is a new policy. Without targets it is for everybody, without
// rows for every row.
type PolicyInput struct {
	core.Idempotent
	DatasetID string
	Version   int64 // of the dataset, as last read
	Name      string
	Targets   []core.Target
	Rows      *Condition
	Hidden    []string
	Masked    []core.MaskedColumn
}

// PolicyChange is an edit of a policy. Nil leaves a part as it is; empty lists
// empty it.
type PolicyChange struct {
	DatasetID string
	ID        string
	Version   int64 // of the dataset, as last read
	Name      *string
	Targets   []core.Target
	Rows      *Condition
	Hidden    []string
	Masked    []core.MaskedColumn
}

// Policy is a policy as those see it who may change it.
type Policy struct {
	core.Policy
	Broken bool // it names what is no longer there, and opens nothing
}

// Policies are a dataset's policies, oldest first; none for those to whom it is
// open through a dashboard only.
func (s *Service) Policies(d *core.Dataset) []Policy {
	seen := make([]Policy, 0, len(d.Policies))
	if d.Redacted {
		return seen
	}
	for _, p := range d.Policies {
		seen = append(seen, Policy{p, access.Broken(d, p)})
	}
	return seen
}

// Policy is one policy of a dataset; for its owner and admins.
func (s *Service) Policy(ctx context.Context, datasetID, id string) (*core.Dataset, *Policy, error) {
	d, err := s.Gate.RequireDataset(ctx, "input.datasetId", datasetID, access.Manage)
	if err != nil {
		return nil, nil, err
	}
	at, err := policyAt(d, id)
	if err != nil {
		return nil, nil, err
	}
	return d, &Policy{d.Policies[at], access.Broken(d, d.Policies[at])}, nil
}

// CreatePolicy opens a part of a dataset to some people, and with its first
// policy closes the rest; for its owner and admins. VALIDATION_ERROR with the
// field, CONFLICT when the dataset was changed since.
func (s *Service) CreatePolicy(ctx context.Context, in PolicyInput) (*core.Dataset, *Policy, error) {
	now := store.Now()
	p := core.Policy{
		ID: core.NewID(core.NounPolicy), Name: in.Name, Targets: in.Targets, Hidden: in.Hidden, Masked: in.Masked,
		CreatedBy: core.ActorFrom(ctx).UserID(), CreatedAt: now, UpdatedAt: now,
	}
	d, err := s.editPolicies(ctx, in.DatasetID, in.Version, func(d *core.Dataset) error {
		if len(d.Policies) >= maxPolicies {
			return core.Invalid("input.datasetId", "too_many", "max", maxPolicies)
		}
		if err := s.writePolicy(ctx, d, &p, in.Rows); err != nil {
			return err
		}
		d.Policies = append(d.Policies, p)
		return checkPolicies(d)
	})
	return s.changedPolicy(ctx, core.EventPolicyCreated, d, p, err)
}

// UpdatePolicy changes a policy; as CreatePolicy. NOT_FOUND where the dataset
// has none with the id.
func (s *Service) UpdatePolicy(ctx context.Context, c PolicyChange) (*core.Dataset, *Policy, error) {
	var p core.Policy
	d, err := s.editPolicies(ctx, c.DatasetID, c.Version, func(d *core.Dataset) error {
		at, err := policyAt(d, c.ID)
		if err != nil {
			return err
		}
		p = d.Policies[at]
		changePolicy(&p, c)
		if err := s.writePolicy(ctx, d, &p, c.Rows); err != nil {
			return err
		}
		d.Policies[at] = p
		return checkPolicies(d)
	})
	return s.changedPolicy(ctx, core.EventPolicyUpdated, d, p, err)
}

// DeletePolicy removes a policy; as UpdatePolicy. Without its last one the
// dataset is open as a whole.
func (s *Service) DeletePolicy(ctx context.Context, datasetID, id string, version int64) (*core.Dataset, error) {
	var p core.Policy
	d, err := s.editPolicies(ctx, datasetID, version, func(d *core.Dataset) error {
		at, err := policyAt(d, id)
		if err != nil {
			return err
		}
		p = d.Policies[at]
		d.Policies = slices.Delete(d.Policies, at, at+1)
		return nil
	})
	d, _, err = s.changedPolicy(ctx, core.EventPolicyDeleted, d, p, err)
	return d, err
}

// editPolicies opens a dataset for a change of its policies and makes it.
func (s *Service) editPolicies(ctx context.Context, id string, version int64, change func(*core.Dataset) error) (*core.Dataset, error) {
	if _, err := s.Gate.RequireDataset(ctx, "input.datasetId", id, access.Manage); err != nil {
		return nil, err
	}
	if version < 1 {
		return nil, core.Invalid("input.version", "bad_value")
	}
	if err := s.Audit.Ready(); err != nil {
		return nil, err
	}
	d, err := s.Store.Datasets.Edit(ctx, id, version, change)
	if err == nil && d == nil {
		err = core.NotFound("input.datasetId")
	}
	return d, err
}

// writePolicy checks a policy against the dataset and brings it into its stored
// form, with the rows where they are given.
func (s *Service) writePolicy(ctx context.Context, d *core.Dataset, p *core.Policy, rows *Condition) (err error) {
	if p.Name, err = core.CheckName("input.name", p.Name); err != nil {
		return err
	}
	if rows != nil {
		if p.Rows, err = parseRows("input.rows", *rows, d); err != nil {
			return err
		}
	}
	if err := checkCells(d, p); err != nil {
		return err
	}
	return s.requireTargets(ctx, p.Targets)
}

// requireTargets wants every target to be there, once.
func (s *Service) requireTargets(ctx context.Context, targets []core.Target) error {
	if err := checkTargets(targets); err != nil {
		return err
	}
	people, err := s.Store.Users.Many(ctx, idsOf(targets, core.TargetUser))
	if err != nil {
		return core.Internal("read people of policy", err)
	}
	groups, err := s.Store.Groups.Many(ctx, idsOf(targets, core.TargetGroup))
	if err != nil {
		return core.Internal("read groups of policy", err)
	}
	for i, t := range targets {
		if g := groups[t.ID]; people[t.ID] == nil && (g == nil || !g.DeletedAt.IsZero()) {
			return core.NotFound(targetField(i))
		}
	}
	return nil
}

// changedPolicy writes a change to the audit log; the history was written with
// the change itself.
func (s *Service) changedPolicy(ctx context.Context, t core.EventType, d *core.Dataset, p core.Policy, err error) (*core.Dataset, *Policy, error) {
	if err != nil {
		return nil, nil, err
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, nil, core.Internal("digest of policy", err)
	}
	sum := sha256.Sum256(raw)
	err = s.Audit.RecordStrict(ctx, event(t, d.ID, map[string]string{"policy": p.ID, "digest": hex.EncodeToString(sum[:])}))
	return d, &Policy{p, access.Broken(d, p)}, err
}
