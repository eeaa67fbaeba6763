package ours

import "github.com/karuta-bi/karuta/graph/plain/todo"

// Root answers with todo's resolver.
type Root struct{ *todo.Resolver }

// Query answers the fields of the query.
func (r Root) Query() QueryResolver { return r.Resolver }

// Todo answers the open fields of a todo.
func (r Root) Todo() TodoResolver { return r.Resolver }

// Dashboard answers the open fields of a dashboard.
func (r Root) Dashboard() DashboardResolver { return r.Resolver }
