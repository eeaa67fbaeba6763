package dynamo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/karuta-bi/karuta/internal/table"
)

// tokenChars is how long a request token may be, by the service.
const tokenChars = 36

// Write implements [table.Engine]. A conditional write goes as a transaction of
// one, because only a request token tells our own success from another writer's.
func (e *Engine) Write(ctx context.Context, w table.Write) error {
	t, err := table.CheckWrite(w)
	if err != nil {
		return err
	}
	if w.If != table.Always() || w.Op == table.OpCheck {
		return e.transact(ctx, rand.Text(), []table.Write{w}, time.Now().Unix())
	}
	return untilFree(ctx, func() error {
		if w.Op == table.OpDelete {
			_, err = e.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: e.name(t), Key: keyAttrs(t, w.Key)})
		} else {
			_, err = e.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: e.name(t), Item: toAttrs(t.WithKey(w.Item, w.Key))})
		}
		return translate(err)
	})
}

// Transact implements [table.Engine].
func (e *Engine) Transact(ctx context.Context, token string, ws []table.Write) error {
	if err := table.CheckTransact(ws); err != nil {
		return err
	}
	if token == "" {
		return e.transact(ctx, rand.Text(), ws, time.Now().Unix())
	}
	// The caller may send the same later, and the service wants the same request
	// then, so no moment may stand in it.
	if err := e.bury(ctx, ws); err != nil {
		return err
	}
	return e.transact(ctx, short(token), ws, timeless)
}

// short is the token in as many characters as the service allows.
func short(token string) string {
	if len(token) <= tokenChars {
		return token
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])[:tokenChars]
}

// bury deletes the items under the writes' conditions whose time has passed, so
// that the conditions need not look at the time.
func (e *Engine) bury(ctx context.Context, ws []table.Write) error {
	now := time.Now().Unix()
	for _, w := range ws {
		t, _ := table.Lookup(w.Key.Table)
		if t.TTL == "" || w.If == table.Always() {
			continue
		}
		err := untilFree(ctx, func() error {
			_, err := e.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
				TableName: e.name(t), Key: keyAttrs(t, w.Key), ConditionExpression: aws.String("#ttl <= :now"),
				ExpressionAttributeNames: map[string]string{"#ttl": t.TTL}, ExpressionAttributeValues: attrs{":now": number(now)},
			})
			return translate(err)
		})
		if _, living := errors.AsType[*types.ConditionalCheckFailedException](err); err != nil && !living {
			return err
		}
	}
	return nil
}

func (e *Engine) transact(ctx context.Context, token string, ws []table.Write, now int64) error {
	in := &dynamodb.TransactWriteItemsInput{ClientRequestToken: &token}
	for _, w := range ws {
		in.TransactItems = append(in.TransactItems, e.action(w, now))
	}
	return untilFree(ctx, func() error {
		_, err := e.client.TransactWriteItems(ctx, in)
		return cancellation(err, ws, now)
	})
}

// cancellation finds the write whose condition ended the transaction.
func cancellation(err error, ws []table.Write, now int64) error {
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return translate(err)
	}
	for i, r := range canceled.CancellationReasons {
		if deref(r.Code) == "ConditionalCheckFailed" && i < len(ws) {
			t, _ := table.Lookup(ws[i].Key.Table)
			return conditionError(i, t, ws[i].Key, r.Item, now)
		}
	}
	for _, r := range canceled.CancellationReasons {
		if deref(r.Code) == "ValidationError" {
			return errors.Join(table.ErrLimit, err)
		}
	}
	return err
}

func conditionError(i int, t table.Table, k table.Key, found attrs, now int64) error {
	it, err := fromItem(found)
	if err != nil {
		return err
	}
	if t.Expired(it, now) {
		it = nil
	}
	return &table.ConditionError{Index: i, Key: k, Current: it}
}

func (e *Engine) action(w table.Write, now int64) types.TransactWriteItem {
	t, _ := table.Lookup(w.Key.Table)
	c := conditionOf(t, w.If, now)
	if w.Op == table.OpCheck {
		c = checkOf(t, w.If, now)
	}
	const old = types.ReturnValuesOnConditionCheckFailureAllOld
	switch w.Op {
	case table.OpDelete:
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: e.name(t), Key: keyAttrs(t, w.Key), ConditionExpression: c.expr,
			ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values, ReturnValuesOnConditionCheckFailure: old,
		}}
	case table.OpCheck:
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: e.name(t), Key: keyAttrs(t, w.Key), ConditionExpression: c.expr,
			ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values, ReturnValuesOnConditionCheckFailure: old,
		}}
	}
	return types.TransactWriteItem{Put: &types.Put{
		TableName: e.name(t), Item: toAttrs(t.WithKey(w.Item, w.Key)), ConditionExpression: c.expr,
		ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values, ReturnValuesOnConditionCheckFailure: old,
	}}
}
