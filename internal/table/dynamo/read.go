package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/karuta-bi/karuta/internal/table"
)

// live is the item as the port gives it; nil when there is none or its time has passed.
func live(t table.Table, a attrs) (table.Item, error) {
	it, err := fromItem(a)
	if err != nil || t.Expired(it, time.Now().Unix()) {
		return nil, err
	}
	return it, nil
}

// Get implements [table.Engine].
func (e *Engine) Get(ctx context.Context, k table.Key) (table.Item, error) {
	t, err := table.CheckKey(k)
	if err != nil {
		return nil, err
	}
	out, err := e.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: e.name(t), Key: keyAttrs(t, k), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, translate(err)
	}
	return live(t, out.Item)
}

// BatchGet implements [table.Engine]. It is one call where the service answers
// in full; keys it leaves out are asked for again and never taken for missing.
func (e *Engine) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if err := table.CheckBatch(keys); err != nil {
		return nil, err
	}
	items := make(map[table.Key]table.Item, len(keys))
	for ask, try := e.requests(keys), 0; len(ask) > 0; {
		out, err := e.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: ask})
		if err != nil {
			return nil, translate(err)
		}
		if err := e.collect(out.Responses, items); err != nil {
			return nil, err
		}
		left := out.UnprocessedKeys
		if count(left) < count(ask) {
			try = 0
		}
		ask = left
		if len(ask) == 0 {
			break
		}
		if try++; try == tries {
			return nil, table.ErrThrottled
		}
		if err := pause(ctx, try-1); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (e *Engine) requests(keys []table.Key) map[string]types.KeysAndAttributes {
	ask := map[string]types.KeysAndAttributes{}
	for _, k := range keys {
		t, _ := table.Lookup(k.Table)
		name := *e.name(t)
		part := ask[name]
		part.ConsistentRead = aws.Bool(true)
		part.Keys = append(part.Keys, keyAttrs(t, k))
		ask[name] = part
	}
	return ask
}

func count(ask map[string]types.KeysAndAttributes) (n int) {
	for _, part := range ask {
		n += len(part.Keys)
	}
	return n
}

func (e *Engine) collect(answers map[string][]attrs, into map[table.Key]table.Item) error {
	for name, list := range answers {
		t, _ := table.Lookup(name[len(e.prefix):])
		for _, a := range list {
			it, err := live(t, a)
			if err != nil {
				return err
			}
			if it != nil {
				k := table.Key{Table: t.Name, PK: it.Str(t.PK)}
				if t.SK != "" {
					k.SK = it.Str(t.SK)
				}
				into[k] = it
			}
		}
	}
	return nil
}
