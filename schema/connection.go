package schema

import (
	"github.com/karuta-bi/karuta/internal/core"
)

// Connection is a page of a list in the form of the Relay specification
// "GraphQL Cursor Connections".
type Connection[T any] struct {
	Nodes    []T
	PageInfo PageInfo
	cursors  []string
}

// Edge is one node of a connection with its cursor.
type Edge[T any] struct {
	Node   T
	Cursor string
}

// PageInfo tells where a page begins and ends. The cursors are nil on an empty page,
// but for the end of one that goes on: a search that has read enough and found nothing yet.
type PageInfo struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
	EndCursor       *string
}

// Edges are the nodes, each with its cursor.
func (c *Connection[T]) Edges() []Edge[T] {
	edges := make([]Edge[T], len(c.Nodes))
	for i, n := range c.Nodes {
		edges[i] = Edge[T]{Node: n, Cursor: c.cursors[i]}
	}
	return edges
}

// NewConnection wraps a page that was asked for with the given arguments.
func NewConnection[T any](args core.PageArgs, p core.Page[T]) *Connection[T] {
	c := &Connection[T]{Nodes: p.Nodes, cursors: p.Cursors}
	c.PageInfo = PageInfo{HasNextPage: p.HasNext, HasPreviousPage: args.After != ""}
	if len(p.Cursors) > 0 {
		c.PageInfo.StartCursor = &p.Cursors[0]
	}
	if end := p.EndCursor(); end != "" {
		c.PageInfo.EndCursor = &end
	}
	return c
}

// The connections and edges of the schema.
type (
	UserConnection           = Connection[*core.User]
	UserEdge                 = Edge[*core.User]
	GroupConnection          = Connection[*core.Group]
	GroupEdge                = Edge[*core.Group]
	GroupMemberConnection    = Connection[*core.Member]
	GroupMemberEdge          = Edge[*core.Member]
	DatasetConnection        = Connection[*core.Dataset]
	DatasetEdge              = Edge[*core.Dataset]
	DatasetVersionConnection = Connection[*core.DatasetVersion]
	DatasetVersionEdge       = Edge[*core.DatasetVersion]
	DeletedDatasetConnection = Connection[*core.DeletedDataset]
	DeletedDatasetEdge       = Edge[*core.DeletedDataset]
	ImportJobConnection      = Connection[*core.ImportJob]
	ImportJobEdge            = Edge[*core.ImportJob]
	CardConnection           = Connection[*core.Card]
	CardEdge                 = Edge[*core.Card]
	DashboardConnection      = Connection[*core.Dashboard]
	DashboardEdge            = Edge[*core.Dashboard]
	FilterViewConnection     = Connection[*core.FilterView]
	FilterViewEdge           = Edge[*core.FilterView]
	AuditLogConnection       = Connection[*core.AuditEvent]
	AuditLogEdge             = Edge[*core.AuditEvent]
	OperationConnection      = Connection[*core.Operation]
	OperationEdge            = Edge[*core.Operation]
	APIKeyConnection         = Connection[*core.APIKey]
	APIKeyEdge               = Edge[*core.APIKey]
	AccessIntervalConnection = Connection[*core.AccessInterval]
	AccessIntervalEdge       = Edge[*core.AccessInterval]
	NoticeConnection         = Connection[*core.Notice]
	NoticeEdge               = Edge[*core.Notice]
	PersonAccessConnection   = Connection[*core.PersonAccess]
	TransformConnection      = Connection[*core.Transform]
	TransformEdge            = Edge[*core.Transform]
	ExecutionConnection      = Connection[*core.Execution]
	ExecutionEdge            = Edge[*core.Execution]
	PersonAccessEdge         = Edge[*core.PersonAccess]
)
