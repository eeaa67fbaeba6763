package dynamo

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/karuta-bi/karuta/internal/table"
)

type (
	attr  = types.AttributeValue
	attrs = map[string]types.AttributeValue
)

func text(s string) attr { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) attr { return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)} }

func keyAttrs(t table.Table, k table.Key) attrs {
	a := attrs{t.PK: text(k.PK)}
	if t.SK != "" {
		a[t.SK] = text(k.SK)
	}
	return a
}

// toAttrs takes values that [table.CheckWrite] lets through.
func toAttrs(m map[string]any) attrs {
	out := make(attrs, len(m))
	for name, v := range m {
		out[name] = toAttr(v)
	}
	return out
}

func toAttr(v any) attr {
	switch v := table.Number(v).(type) {
	case string:
		return text(v)
	case int64:
		return number(v)
	case float64:
		return &types.AttributeValueMemberN{Value: strconv.FormatFloat(v, 'g', -1, 64)}
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}
	case []byte:
		return &types.AttributeValueMemberB{Value: v}
	case []any:
		list := make([]attr, len(v))
		for i, e := range v {
			list[i] = toAttr(e)
		}
		return &types.AttributeValueMemberL{Value: list}
	case map[string]any:
		return &types.AttributeValueMemberM{Value: toAttrs(v)}
	}
	panic("dynamo: a value of unchecked type")
}

// fromItem is the item; nil for none.
func fromItem(a attrs) (table.Item, error) {
	if len(a) == 0 {
		return nil, nil
	}
	return fromAttrs(a)
}

func fromAttrs(a attrs) (map[string]any, error) {
	m := make(map[string]any, len(a))
	for name, v := range a {
		var err error
		if m[name], err = fromAttr(v); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func fromAttr(a attr) (any, error) {
	switch a := a.(type) {
	case *types.AttributeValueMemberS:
		return a.Value, nil
	case *types.AttributeValueMemberN:
		return fromNumber(a.Value)
	case *types.AttributeValueMemberBOOL:
		return a.Value, nil
	case *types.AttributeValueMemberB:
		return append([]byte{}, a.Value...), nil
	case *types.AttributeValueMemberL:
		list := make([]any, len(a.Value))
		for i, e := range a.Value {
			var err error
			if list[i], err = fromAttr(e); err != nil {
				return nil, err
			}
		}
		return list, nil
	case *types.AttributeValueMemberM:
		return fromAttrs(a.Value)
	}
	return nil, fmt.Errorf("dynamo: a stored value of type %T", a)
}

func fromNumber(s string) (any, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("dynamo: a stored number: %w", err)
	}
	return table.Number(f), nil
}
