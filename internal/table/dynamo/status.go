package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/karuta-bi/karuta/internal/table"
)

// Tables implements [table.Engine].
func (e *Engine) Tables(ctx context.Context) ([]table.Status, error) {
	var all []table.Status
	for _, t := range table.Tables {
		s, err := e.status(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("look at table %s: %w", *e.name(t), err)
		}
		all = append(all, s)
	}
	return all, nil
}

func (e *Engine) status(ctx context.Context, t table.Table) (table.Status, error) {
	s := table.Status{Name: *e.name(t)}
	d, err := e.describe(ctx, t)
	if errors.Is(err, table.ErrNoTable) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.Exists = true
	s.Diffs = append(shapeDiffs(t, d), settingDiffs(d)...)
	expires, err := e.expiresBy(ctx, t)
	if err != nil {
		return s, err
	}
	if expires != t.TTL {
		s.Diffs = append(s.Diffs, fmt.Sprintf("items expire by %q instead of %q", expires, t.TTL))
	}
	on, err := e.isRecoverable(ctx, t)
	switch {
	case unknown(err):
		s.Notes = append(s.Notes, "point-in-time recovery not checked: the endpoint does not know it")
	case err != nil:
		return s, err
	case !on:
		s.Diffs = append(s.Diffs, "point-in-time recovery is off")
	}
	return s, nil
}

// shapeDiffs compares keys and indexes.
func shapeDiffs(t table.Table, d *types.TableDescription) []string {
	kinds := map[string]types.ScalarAttributeType{}
	for _, a := range d.AttributeDefinitions {
		kinds[deref(a.AttributeName)] = a.AttributeType
	}
	var diffs []string
	compare := func(of, want, is string) {
		if want != is {
			diffs = append(diffs, fmt.Sprintf("%s is %s instead of %s", of, is, want))
		}
	}
	const text = types.ScalarAttributeTypeS
	compare("its key", shape(t.PK, t.SK, text), shapeOf(d.KeySchema, kinds))
	for _, ix := range t.Indexes {
		is := findIndex(d, ix.Name)
		if is == nil {
			diffs = append(diffs, fmt.Sprintf("index %s is missing", ix.Name))
			continue
		}
		compare("index "+ix.Name, shape(ix.PK, ix.SK, sortType(ix)), shapeOf(is.KeySchema, kinds))
		if is.Projection == nil || is.Projection.ProjectionType != types.ProjectionTypeAll {
			diffs = append(diffs, fmt.Sprintf("index %s does not hold whole items", ix.Name))
		}
	}
	for _, is := range d.GlobalSecondaryIndexes {
		if _, declared := t.Index(deref(is.IndexName)); !declared {
			diffs = append(diffs, fmt.Sprintf("index %s is not declared", deref(is.IndexName)))
		}
	}
	return diffs
}

// shape names a key's attributes with their types.
func shape(pk, sk string, sort types.ScalarAttributeType) string {
	if sk == "" {
		return fmt.Sprintf("(%s S)", pk)
	}
	return fmt.Sprintf("(%s S, %s %s)", pk, sk, sort)
}

func shapeOf(keys []types.KeySchemaElement, kinds map[string]types.ScalarAttributeType) string {
	parts := make([]string, len(keys)) // the service gives the partition key first
	for i, k := range keys {
		name := deref(k.AttributeName)
		parts[i] = fmt.Sprintf("%s %s", name, kinds[name])
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func settingDiffs(d *types.TableDescription) []string {
	var diffs []string
	if d.BillingModeSummary == nil || d.BillingModeSummary.BillingMode != types.BillingModePayPerRequest {
		diffs = append(diffs, "it is not billed on demand")
	}
	if d.SSEDescription == nil || d.SSEDescription.Status != types.SSEStatusEnabled {
		diffs = append(diffs, "it is not encrypted with a key of the account")
	}
	return diffs
}
