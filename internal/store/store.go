package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Store is every repository over one engine.
type Store struct {
	Users       *Users
	Sessions    *Sessions
	Brakes      *Brakes
	Limits      *Limits
	APIKeys     *APIKeys
	Groups      *Groups
	Datasets    *Datasets
	Cards       *Cards
	Dashboards  *Dashboards
	Shares      *Shares
	FilterViews *FilterViews
	Rights      *Rights
	Audit       *Audit
	Jobs        *Jobs
	Outbox      *Outbox
	Requests    *Requests
	Transforms  *Transforms
	Executions  *Executions
	Operations  *Operations
	Idempotency *Idempotency

	engine table.Engine
}

// New makes the repositories over an engine.
func New(e table.Engine) *Store {
	return &Store{
		Users:       &Users{e},
		Sessions:    &Sessions{e},
		Brakes:      &Brakes{e},
		Limits:      &Limits{e},
		APIKeys:     &APIKeys{e},
		Groups:      &Groups{e},
		Datasets:    &Datasets{e},
		Cards:       &Cards{e},
		Dashboards:  &Dashboards{e},
		Shares:      &Shares{e},
		FilterViews: &FilterViews{e},
		Rights:      &Rights{e},
		Audit:       &Audit{e: e},
		Jobs:        &Jobs{e},
		Outbox:      &Outbox{e},
		Requests:    &Requests{e},
		Transforms:  &Transforms{e},
		Executions:  &Executions{e},
		Operations:  &Operations{e},
		Idempotency: &Idempotency{e},
		engine:      e,
	}
}

// Engine is the engine below, for `tables` verbs and health.
func (s *Store) Engine() table.Engine { return s.engine }

const metadata = "METADATA"

// timeForm is fixed-width UTC, so that text order is time order.
const timeForm = "2006-01-02T15:04:05.000Z"

func putTime(it table.Item, name string, t time.Time) {
	if !t.IsZero() {
		it[name] = t.UTC().Format(timeForm)
	}
}

func getTime(it table.Item, name string) time.Time {
	s := it.Str(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(timeForm, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

func putStr(it table.Item, name, value string) {
	if value != "" {
		it[name] = value
	}
}

// putJSON writes a value as JSON text; nil writes nothing.
func putJSON[T any](it table.Item, name string, v *T) {
	if raw, err := json.Marshal(v); err == nil && v != nil {
		it[name] = string(raw)
	}
}

// getJSON reads what putJSON wrote; nil where there is none.
func getJSON[T any](it table.Item, name string) *T {
	v := new(T)
	if text := it.Str(name); text == "" || json.Unmarshal([]byte(text), v) != nil {
		return nil
	}
	return v
}

// putList writes a list as JSON text; an empty one writes nothing.
func putList[T any](it table.Item, name string, list []T) {
	if len(list) > 0 {
		putJSON(it, name, &list)
	}
}

// getList reads what putList wrote; nil where there is none.
func getList[T any](it table.Item, name string) []T {
	if list := getJSON[[]T](it, name); list != nil {
		return *list
	}
	return nil
}

func putStrings(it table.Item, name string, list []string) {
	if len(list) == 0 {
		return
	}
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	it[name] = out
}

// Now is the present, cut to the milliseconds that are stored.
func Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// batchGet reads any number of items, a hundred a call.
func batchGet(ctx context.Context, e table.Engine, keys []table.Key) (map[table.Key]table.Item, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if len(keys) <= table.MaxBatchGet {
		return e.BatchGet(ctx, keys)
	}
	all := make(map[table.Key]table.Item, len(keys))
	for len(keys) > 0 {
		n := min(len(keys), table.MaxBatchGet)
		part, err := e.BatchGet(ctx, keys[:n])
		if err != nil {
			return nil, err
		}
		for k, it := range part {
			all[k] = it
		}
		keys = keys[n:]
	}
	return all, nil
}

// getMany reads the items of ids, without doubles, into nouns by id.
func getMany[T any](ctx context.Context, e table.Engine, ids []string, key func(string) table.Key, read func(table.Item) *T) (map[string]*T, error) {
	keys := make([]table.Key, 0, len(ids))
	byKey := make(map[table.Key]string, len(ids))
	for _, id := range ids {
		k := key(id)
		if _, seen := byKey[k]; id == "" || seen {
			continue
		}
		byKey[k] = id
		keys = append(keys, k)
	}
	items, err := batchGet(ctx, e, keys)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*T, len(items))
	for k, it := range items {
		out[byKey[k]] = read(it)
	}
	return out, nil
}

// readPage reads a page. A cursor that no list has given out is VALIDATION_ERROR.
func readPage(ctx context.Context, e table.Engine, q table.Query) (table.Page, error) {
	page, err := e.Query(ctx, q)
	if errors.Is(err, table.ErrPosition) {
		return page, core.Invalid("after", "bad_cursor")
	}
	return page, err
}

// collect reads a query to its end, or to the limit where limit > 0.
func collect(ctx context.Context, e table.Engine, q table.Query, limit int) ([]table.Item, error) {
	var all []table.Item
	for {
		if limit > 0 {
			q.Limit = limit - len(all)
		}
		page, err := readPage(ctx, e, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Last == nil || limit > 0 && len(all) >= limit {
			return all, nil
		}
		q.Start = page.Last
	}
}

// collectAs is collect with each item read as a noun.
func collectAs[T any](ctx context.Context, e table.Engine, q table.Query, limit int, read func(table.Item) T) ([]T, error) {
	items, err := collect(ctx, e, q, limit)
	if err != nil {
		return nil, err
	}
	nouns := make([]T, len(items))
	for i, it := range items {
		nouns[i] = read(it)
	}
	return nouns, nil
}

// pageOf turns up to first+1 nouns into a page with cursors.
func pageOf[T any](nouns []T, first int, cursor func(T) string) core.Page[T] {
	p := core.Page[T]{Nodes: nouns}
	if len(nouns) > first {
		p.Nodes, p.HasNext = nouns[:first], true
	}
	p.Cursors = make([]string, len(p.Nodes))
	for i, n := range p.Nodes {
		p.Cursors[i] = cursor(n)
	}
	return p
}

// afterID is the position of an id in an index whose sort key is the id, for a
// list that runs by id descending. The cursor of such a list is the id itself.
func afterID(prefix, sk, after string, noun core.Noun) (*table.Position, error) {
	if after == "" {
		return nil, nil
	}
	if n, ok := core.NounOf(after); !ok || n != noun {
		return nil, core.Invalid("after", "bad_cursor")
	}
	return &table.Position{PK: prefix + after, SK: sk, Sort: after}, nil
}
