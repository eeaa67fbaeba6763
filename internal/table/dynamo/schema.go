package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/karuta-bi/karuta/internal/table"
)

const (
	createWait  = 10 * time.Minute // of one table or index, on AWS seconds to minutes
	createPoll  = 500 * time.Millisecond
	recoverDays = 35
)

// Init implements [table.Engine]. It creates tables (billed on demand), their
// indexes and time to live, and turns on point-in-time recovery where the
// endpoint knows it. What exists otherwise than declared is left alone; Tables
// tells of it.
func (e *Engine) Init(ctx context.Context) error {
	for _, t := range table.Tables {
		if err := e.create(ctx, t); err != nil {
			return fmt.Errorf("create table %s: %w", *e.name(t), err)
		}
	}
	for _, t := range table.Tables {
		for _, step := range []func(context.Context, table.Table) error{e.addIndexes, e.expire, e.recoverable} {
			if err := step(ctx, t); err != nil {
				return fmt.Errorf("set up table %s: %w", *e.name(t), err)
			}
		}
	}
	return nil
}

// create begins to create the table where it does not exist.
func (e *Engine) create(ctx context.Context, t table.Table) error {
	_, err := e.describe(ctx, t)
	if !errors.Is(err, table.ErrNoTable) {
		return err
	}
	in := &dynamodb.CreateTableInput{
		TableName: e.name(t), BillingMode: types.BillingModePayPerRequest,
		KeySchema: keySchema(t.PK, t.SK), AttributeDefinitions: attributes(t),
		SSESpecification: &types.SSESpecification{Enabled: aws.Bool(true), SSEType: types.SSETypeKms},
	}
	for _, ix := range t.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(ix.Name), KeySchema: keySchema(ix.PK, ix.SK), Projection: whole(),
		})
	}
	_, err = e.client.CreateTable(ctx, in)
	if _, other := errors.AsType[*types.ResourceInUseException](err); other {
		return nil
	}
	return err
}

func whole() *types.Projection { return &types.Projection{ProjectionType: types.ProjectionTypeAll} }

func keySchema(pk, sk string) []types.KeySchemaElement {
	keys := []types.KeySchemaElement{{AttributeName: aws.String(pk), KeyType: types.KeyTypeHash}}
	if sk != "" {
		keys = append(keys, types.KeySchemaElement{AttributeName: aws.String(sk), KeyType: types.KeyTypeRange})
	}
	return keys
}

// attributes are the types of the attributes that are keys anywhere.
func attributes(t table.Table) []types.AttributeDefinition {
	var defs []types.AttributeDefinition
	seen := map[string]bool{"": true}
	add := func(name string, of types.ScalarAttributeType) {
		if !seen[name] {
			seen[name] = true
			defs = append(defs, types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: of})
		}
	}
	add(t.PK, types.ScalarAttributeTypeS)
	add(t.SK, types.ScalarAttributeTypeS)
	for _, ix := range t.Indexes {
		add(ix.PK, types.ScalarAttributeTypeS)
		add(ix.SK, sortType(ix))
	}
	return defs
}

func sortType(ix table.Index) types.ScalarAttributeType {
	if ix.Numeric {
		return types.ScalarAttributeTypeN
	}
	return types.ScalarAttributeTypeS
}

// addIndexes waits for the table and adds the indexes that it lacks, one at a
// time as the service wants it.
func (e *Engine) addIndexes(ctx context.Context, t table.Table) error {
	d, err := e.settled(ctx, t)
	if err != nil {
		return err
	}
	for _, ix := range t.Indexes {
		if findIndex(d, ix.Name) != nil {
			continue
		}
		_, err := e.client.UpdateTable(ctx, &dynamodb.UpdateTableInput{
			TableName: e.name(t), AttributeDefinitions: attributes(table.Table{PK: t.PK, SK: t.SK, Indexes: []table.Index{ix}}),
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &types.CreateGlobalSecondaryIndexAction{
				IndexName: aws.String(ix.Name), KeySchema: keySchema(ix.PK, ix.SK), Projection: whole(),
			}}},
		})
		if err != nil {
			return err
		}
		if _, err := e.settled(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// settled waits until the table and all of its indexes can be used.
func (e *Engine) settled(ctx context.Context, t table.Table) (d *types.TableDescription, err error) {
	err = poll(ctx, func() (bool, error) {
		d, err = e.describe(ctx, t)
		if errors.Is(err, table.ErrNoTable) { // a new table may not be seen at once
			return false, nil
		}
		return err == nil && active(d), err
	})
	return d, err
}

// poll asks again and again until it is done or fails.
func poll(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, createWait)
	defer cancel()
	tick := time.NewTicker(createPoll)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func active(d *types.TableDescription) bool {
	for _, ix := range d.GlobalSecondaryIndexes {
		if ix.IndexStatus != types.IndexStatusActive {
			return false
		}
	}
	return d.TableStatus == types.TableStatusActive
}

func findIndex(d *types.TableDescription, name string) *types.GlobalSecondaryIndexDescription {
	for i := range d.GlobalSecondaryIndexes {
		if deref(d.GlobalSecondaryIndexes[i].IndexName) == name {
			return &d.GlobalSecondaryIndexes[i]
		}
	}
	return nil
}

func (e *Engine) describe(ctx context.Context, t table.Table) (*types.TableDescription, error) {
	out, err := e.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: e.name(t)})
	if err != nil {
		return nil, translate(err)
	}
	return out.Table, nil
}

// expire sets the time to live.
func (e *Engine) expire(ctx context.Context, t table.Table) error {
	if t.TTL == "" {
		return nil
	}
	if by, err := e.expiresBy(ctx, t); err != nil || by != "" {
		return err
	}
	_, err := e.client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               e.name(t),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(t.TTL), Enabled: aws.Bool(true)},
	})
	return err
}

// expiresBy is the attribute of the table's time to live, "" when there is none.
func (e *Engine) expiresBy(ctx context.Context, t table.Table) (string, error) {
	out, err := e.client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: e.name(t)})
	if err != nil {
		return "", err
	}
	d := out.TimeToLiveDescription
	if d == nil || d.TimeToLiveStatus != types.TimeToLiveStatusEnabled && d.TimeToLiveStatus != types.TimeToLiveStatusEnabling {
		return "", nil
	}
	return deref(d.AttributeName), nil
}

// recoverable turns on point-in-time recovery, for which a new table may not be
// ready at once. An endpoint that does not know it is left alone.
func (e *Engine) recoverable(ctx context.Context, t table.Table) error {
	if on, err := e.isRecoverable(ctx, t); on || unknown(err) {
		return nil
	}
	return poll(ctx, func() (bool, error) {
		_, err := e.client.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{
			TableName: e.name(t),
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{
				PointInTimeRecoveryEnabled: aws.Bool(true), RecoveryPeriodInDays: aws.Int32(recoverDays),
			},
		})
		if _, early := errors.AsType[*types.ContinuousBackupsUnavailableException](err); early {
			return false, nil
		}
		return err == nil, err
	})
}

func (e *Engine) isRecoverable(ctx context.Context, t table.Table) (bool, error) {
	out, err := e.client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: e.name(t)})
	if err != nil || out.ContinuousBackupsDescription == nil || out.ContinuousBackupsDescription.PointInTimeRecoveryDescription == nil {
		return false, err
	}
	d := out.ContinuousBackupsDescription.PointInTimeRecoveryDescription
	return d.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled, nil
}

// unknown tells whether the endpoint does not know the operation.
func unknown(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == "UnknownOperationException"
}
