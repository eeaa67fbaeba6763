package server

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/core"
)

// What is kept of answers: so many, of so many bytes.
const (
	keptAnswers = 500
	keptBytes   = 64 << 10
)

// answers keeps the answers to persisted queries of what is stored alone, for whoever
// asks the same once more before anything is written that they were made from.
type answers struct {
	kept *lru.Cache[question, *kept]
	most time.Duration
}

// question is who asks what. The person's versions change with everything that is
// known of them without asking.
type question struct {
	op        *ast.OperationDefinition // of the document that is remembered
	variables string
	user, key string
	locale    core.Locale
	version   [2]int64
}

type kept struct {
	data    []byte
	actual  int
	reading *core.Reading
	until   time.Time
}

// newAnswers takes how long an answer is kept at most, and gives nil where none is.
func newAnswers(most time.Duration) *answers {
	if most == 0 {
		return nil
	}
	all, err := lru.New[question, *kept](keptAnswers)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &answers{all, most}
}

// ask gives what the question is remembered by; nil where its answer is not kept.
func (a *answers) ask(ctx context.Context, req *request, op *graphql.OperationContext) *question {
	if a == nil || req.registered == nil && req.hash == "" || !billOf(op).meter.stored {
		return nil
	}
	actor := core.ActorFrom(ctx)
	if actor.ViewedBy != "" || actor.Asker != nil {
		return nil
	}
	q := &question{op: op.Operation, user: actor.UserID(), locale: actor.Locale}
	if actor.Key != nil {
		q.key = actor.Key.ID
	}
	if u := actor.User; u != nil {
		q.version = [...]int64{u.Version, u.GroupsVersion}
	}
	if len(op.Variables) > 0 {
		text, err := json.Marshal(op.Variables)
		if err != nil {
			return nil
		}
		q.variables = string(text)
	}
	return q
}

// find gives the answer that still holds, nil where there is none.
func (a *answers) find(q *question, bill *bill) *answer {
	known, found := a.kept.Get(*q)
	if now := time.Now(); !found || !now.Before(known.until) || !known.reading.Holds(now) {
		return nil
	}
	bill.actual = known.actual
	return &answer{data: known.data, read: true, bill: bill, kept: true}
}

// keep remembers an answer that is whole.
func (a *answers) keep(ctx context.Context, q *question, whole *answer) {
	if len(whole.errors) == 0 && whole.more == nil && len(whole.data) <= keptBytes {
		a.kept.Add(*q, &kept{whole.data, whole.bill.actual, core.ActorFrom(ctx).Reading(), time.Now().Add(a.most)})
	}
}

// cacheStatus tells of an answer that was kept (RFC 9211).
func (a *answer) cacheStatus(h http.Header) {
	if a.kept {
		h.Set("Cache-Status", "Karuta; hit")
	}
}

// computed are the fields that are not a part of the object that they belong to, as
// type.field in lower case.
var computed = computedFields(reflect.TypeFor[graph.ResolverRoot]())

func computedFields(root reflect.Type) map[string]bool {
	all := map[string]bool{}
	for of := range root.Methods() {
		for field := range of.Type.Out(0).Methods() {
			all[strings.ToLower(of.Name+"."+field.Name)] = true
		}
	}
	return all
}

// isStored tells whether a field is made from what is stored alone.
func isStored(f *ast.Field, depth int) bool {
	switch {
	case f.Name == "__typename":
		return true
	case f.Definition == nil || f.ObjectDefinition == nil:
		return false
	case f.Definition.Directives.ForName("stored") != nil:
		return true
	}
	return depth > 1 && f.ObjectDefinition.Kind == ast.Object && !computed[strings.ToLower(f.ObjectDefinition.Name+"."+f.Name)]
}
