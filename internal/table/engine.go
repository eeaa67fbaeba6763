package table

import "context"

// Key names one item. SK is empty for a table without a sort key.
type Key struct {
	Table string // as in [Tables], without the environment's prefix
	PK    string
	SK    string
}

// Condition says when a write may happen.
type Condition struct {
	kind    condKind
	version int64
}

type condKind int

const (
	condAlways condKind = iota
	condAbsent
	condExists
	condVersion
)

// Always writes in any case.
func Always() Condition { return Condition{} }

// IfAbsent writes only where no item has the key.
func IfAbsent() Condition { return Condition{kind: condAbsent} }

// IfExists writes only where an item has the key.
func IfExists() Condition { return Condition{kind: condExists} }

// IfVersion writes only where the item's [AttrVersion] equals v.
func IfVersion(v int64) Condition { return Condition{kind: condVersion, version: v} }

// Kind and Version open a condition up for the engines.
func (c Condition) Kind() (always, absent, exists, hasVersion bool) {
	return c.kind == condAlways, c.kind == condAbsent, c.kind == condExists, c.kind == condVersion
}

// Version is the version an IfVersion condition asks for.
func (c Condition) Version() int64 { return c.version }

// WriteOp is what a write in a transaction does.
type WriteOp int

// A write puts a whole item, deletes one, or only checks its condition.
const (
	OpPut WriteOp = iota
	OpDelete
	OpCheck
)

// Write is one write: alone, or a part of a transaction.
type Write struct {
	Op   WriteOp
	Key  Key
	Item Item // of OpPut, without the key attributes; the engine adds them
	If   Condition
}

// Put is a write that replaces the whole item.
func Put(k Key, it Item, cond Condition) Write { return Write{Op: OpPut, Key: k, Item: it, If: cond} }

// Delete is a write that removes the item; removing what is not there is no error unless the condition says so.
func Delete(k Key, cond Condition) Write { return Write{Op: OpDelete, Key: k, If: cond} }

// Check is a write that changes nothing but must hold for the transaction to happen.
func Check(k Key, cond Condition) Write { return Write{Op: OpCheck, Key: k, If: cond} }

// Query reads the items of one partition, of a table or of one of its indexes,
// in the order of the sort key.
type Query struct {
	Table  string
	Index  string // "" reads the table itself
	PK     string // value of the partition key
	Prefix string // sort keys that begin with this; excludes the bounds below
	From   string // sort keys >= From, "" is open
	To     string // sort keys <= To, "" is open
	// FromN and ToN bound a numeric sort key, inclusive; nil is open.
	FromN, ToN *int64
	Desc       bool
	Limit      int       // at most so many items, 0 is a whole page of 1 MB
	Start      *Position // continue after this item
}

// Position is an item's place in a query's order. A hostile position can only
// move within the query's own partition: the engine takes the partition from
// the query, never from here.
type Position struct {
	PK, SK string // of the item in its table
	Sort   string // its sort key in the index, for an index query
	SortN  int64  // the same where the sort key is a number
}

// Page is a part of a query's answer. Last is set when there may be more. A page
// has fewer items than the limit only at the end or where it holds 1 MB.
type Page struct {
	Items []Item
	Last  *Position
}

// Engine is the storage port. All reads are strongly consistent but those of an
// index, which may lag (DynamoDB, "Read consistency"). Items whose time to live
// has passed are never returned. Errors are the ones of errors.go, or a
// context's, or unexpected ones of the engine.
type Engine interface {
	// Get reads one item; nil when there is none.
	Get(ctx context.Context, k Key) (Item, error)
	// BatchGet reads up to [MaxBatchGet] items by key, over any tables, in one
	// call. Missing items are absent from the answer. Duplicate keys are refused.
	BatchGet(ctx context.Context, keys []Key) (map[Key]Item, error)
	// Query reads a page of a partition.
	Query(ctx context.Context, q Query) (Page, error)
	// Write does one conditional write. A retry after a lost answer neither
	// applies twice nor reports failure.
	Write(ctx context.Context, w Write) error
	// Transact does up to [MaxTransact] writes, all or none. The token makes a
	// retry of the same transaction harmless; "" lets the engine make one.
	Transact(ctx context.Context, token string, ws []Write) error
	// Tables tells which of the declared tables exist and how they differ from
	// the declaration.
	Tables(ctx context.Context) ([]Status, error)
	// Init creates what is missing; it may be called any number of times.
	Init(ctx context.Context) error
	// Close releases the engine.
	Close() error
}

// Status is what a table looks like against its declaration.
type Status struct {
	Name   string // with the environment's prefix
	Exists bool
	Diffs  []string // in words; empty when all is as declared
	Notes  []string // what could not be checked, in words
}

// DynamoDB's limits, which both engines enforce.
const (
	MaxBatchGet  = 100
	MaxTransact  = 100
	MaxItemBytes = 400 << 10
	MaxPageBytes = 1 << 20
	MaxPKBytes   = 2048
	MaxSKBytes   = 1024

	MaxTransactBytes = 4 << 20
)
