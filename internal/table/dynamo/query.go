package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/karuta-bi/karuta/internal/table"
)

// Query implements [table.Engine]. Expired items count for the service's pages
// but not for ours, so it asks again until the page is full.
func (e *Engine) Query(ctx context.Context, q table.Query) (table.Page, error) {
	p, err := table.CheckQuery(q)
	if err != nil || p.Empty {
		return table.Page{}, err
	}
	in := e.queryInput(p)
	var page table.Page
	for {
		if p.Limit > 0 {
			in.Limit = aws.Int32(int32(p.Limit - len(page.Items)))
		}
		out, err := e.client.Query(ctx, in)
		if err != nil {
			return table.Page{}, translate(err)
		}
		for _, a := range out.Items {
			it, err := live(p.Of, a)
			if err != nil {
				return table.Page{}, err
			}
			if it != nil {
				page.Items = append(page.Items, it)
			}
		}
		if len(out.LastEvaluatedKey) == 0 {
			return page, nil
		}
		if pageFull(p, len(page.Items), cutByBytes(in, out)) {
			page.Last = p.Position(page.Items[len(page.Items)-1])
			return page, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// cutByBytes tells whether the service ended its page at 1 MB.
func cutByBytes(in *dynamodb.QueryInput, out *dynamodb.QueryOutput) bool {
	return in.Limit == nil || out.ScannedCount < *in.Limit
}

func pageFull(p table.Plan, items int, cut bool) bool {
	return items > 0 && (cut || items == p.Limit)
}

func (e *Engine) queryInput(p table.Plan) *dynamodb.QueryInput {
	part := p.Of.PK
	if p.Index != "" {
		part = p.By.PK
	}
	in := &dynamodb.QueryInput{
		TableName:                 e.name(p.Of),
		KeyConditionExpression:    aws.String("#part = :part"),
		ExpressionAttributeNames:  map[string]string{"#part": part},
		ExpressionAttributeValues: attrs{":part": text(p.PK)},
		ScanIndexForward:          aws.Bool(!p.Desc),
		ExclusiveStartKey:         startKey(p),
	}
	if p.Index == "" {
		in.ConsistentRead = aws.Bool(true)
	} else {
		in.IndexName = aws.String(p.Index)
	}
	bound(in, p)
	return in
}

// bound adds what the query asks of the sort key.
func bound(in *dynamodb.QueryInput, p table.Plan) {
	from, to := bounds(p)
	and := ""
	switch {
	case p.Prefix != "":
		and = "begins_with(#sort, :from)"
		from = text(p.Prefix)
	case from != nil && to != nil:
		and = "#sort BETWEEN :from AND :to"
	case from != nil:
		and = "#sort >= :from"
	case to != nil:
		and = "#sort <= :to"
	default:
		return
	}
	*in.KeyConditionExpression += " AND " + and
	in.ExpressionAttributeNames["#sort"] = p.Sort
	if from != nil {
		in.ExpressionAttributeValues[":from"] = from
	}
	if to != nil {
		in.ExpressionAttributeValues[":to"] = to
	}
}

func bounds(p table.Plan) (from, to attr) {
	if p.From != "" {
		from = text(p.From)
	}
	if p.To != "" {
		to = text(p.To)
	}
	if p.FromN != nil {
		from = number(*p.FromN)
	}
	if p.ToN != nil {
		to = number(*p.ToN)
	}
	return from, to
}

// startKey is the position as the service wants it. The partition is the query's own.
func startKey(p table.Plan) attrs {
	if p.Start == nil {
		return nil
	}
	if p.Index == "" {
		return keyAttrs(p.Of, table.Key{PK: p.PK, SK: p.Start.SK})
	}
	key := keyAttrs(p.Of, table.Key{PK: p.Start.PK, SK: p.Start.SK})
	key[p.By.PK] = text(p.PK)
	if p.Numeric {
		key[p.By.SK] = number(p.Start.SortN)
	} else {
		key[p.By.SK] = text(p.Start.Sort)
	}
	return key
}
