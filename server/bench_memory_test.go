package server_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/schema"
)

// inMemory is gqlgen as it comes, with resolvers that have their answers ready.
func inMemory() http.Handler {
	now := store.Now()
	m := &memory{user: &core.User{ID: core.NewID(core.NounUser), Email: "u@example.com", Name: "花子", Role: core.RoleUser, CreatedAt: now}}
	page := core.Page[*core.Dashboard]{HasNext: true}
	for i := range 20 {
		d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: fmt.Sprintf("売上 %d", i), OwnerID: m.user.ID, Mine: core.PermissionOwner, CreatedAt: now, UpdatedAt: now}
		page.Nodes, page.Cursors = append(page.Nodes, d), append(page.Cursors, d.ID)
	}
	m.page = schema.NewConnection(core.PageArgs{First: 20}, page)
	next := func(ctx context.Context, _ any, next graphql.Resolver) (any, error) { return next(ctx) }
	srv := handler.New(graph.NewExecutableSchema(graph.Config{Resolvers: m, Directives: graph.DirectiveRoot{Auth: next}}))
	srv.AddTransport(transport.POST{})
	srv.SetQueryCache(lru.New[*ast.QueryDocument](100))
	return srv
}

// memory answers from what it holds; what the benchmark does not ask for is not there.
type memory struct {
	graph.ResolverRoot
	user *core.User
	page *schema.Connection[*core.Dashboard]
}

func (m *memory) Query() graph.QueryResolver         { return memoryQuery{memory: m} }
func (m *memory) Dashboard() graph.DashboardResolver { return memoryDashboard{memory: m} }

type memoryQuery struct {
	graph.QueryResolver
	memory *memory
}

func (q memoryQuery) Me(context.Context) (*core.User, error) { return q.memory.user, nil }

func (q memoryQuery) Dashboards(context.Context, *int, *string) (*schema.Connection[*core.Dashboard], error) {
	return q.memory.page, nil
}

type memoryDashboard struct {
	graph.DashboardResolver
	memory *memory
}

func (d memoryDashboard) Owner(context.Context, *core.Dashboard) (*core.User, error) {
	return d.memory.user, nil
}
