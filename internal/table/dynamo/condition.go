package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/karuta-bi/karuta/internal/table"
)

// expression is a condition in the service's language; all nil is always true.
type expression struct {
	expr   *string
	names  map[string]string
	values attrs
}

// timeless is the moment for a condition that does not look at the time to live.
const timeless = 0

// conditionOf is the condition at the epoch second now: an item whose time has
// passed counts as absent although the service may keep it for days.
func conditionOf(t table.Table, c table.Condition, now int64) expression {
	always, absent, _, version := c.Kind()
	if always {
		return expression{}
	}
	e := expression{names: map[string]string{"#pk": t.PK}}
	expires := t.TTL != "" && now != timeless
	if expires {
		e.names["#ttl"] = t.TTL
		e.values = attrs{":now": number(now)}
	}
	if absent {
		e.expr = aws.String("attribute_not_exists(#pk)")
		if expires {
			*e.expr += " OR #ttl <= :now"
		}
		return e
	}
	e.expr = aws.String("attribute_exists(#pk)")
	if version {
		*e.expr += " AND #version = :version"
		e.names["#version"] = table.AttrVersion
		if e.values == nil {
			e.values = attrs{}
		}
		e.values[":version"] = number(c.Version())
	}
	if expires {
		*e.expr += " AND (attribute_not_exists(#ttl) OR #ttl > :now)"
	}
	return e
}

// checkOf is the condition of a check, which the service wants even where it is always true.
func checkOf(t table.Table, c table.Condition, now int64) expression {
	if c != table.Always() {
		return conditionOf(t, c, now)
	}
	return expression{
		expr:  aws.String("attribute_exists(#pk) OR attribute_not_exists(#pk)"),
		names: map[string]string{"#pk": t.PK},
	}
}
