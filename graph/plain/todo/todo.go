package todo

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Thing is a user or a todo.
type Thing interface{ IsThing() }

// User is a person.
type User struct {
	ID, Name, Email string
	Boss            *User
}

// IsThing makes a user a thing.
func (*User) IsThing() {}

// Todo is something to do.
type Todo struct {
	ID, Text  string
	Done      bool
	User      *User
	Note      *string
	Rank      float64
	Tags      []string
	State     State
	Due       time.Time
	Reviewers []User
}

// IsThing makes a todo a thing.
func (*Todo) IsThing() {}

// Length is that of the text.
func (t *Todo) Length() int {
	if t.Text == "panic" {
		panic("no length")
	}
	return len(t.Text)
}

// State is how far something is.
type State string

// The states.
const (
	Open   State = "OPEN"
	Closed State = "CLOSED"
)

// DashboardConnection is a page of dashboards.
type DashboardConnection struct {
	Nodes    []*Dashboard
	PageInfo PageInfo
}

// PageInfo says where a page ends.
type PageInfo struct {
	EndCursor   *string
	HasNextPage bool
}

// Dashboard has what Karuta's has, in memory.
type Dashboard struct {
	ID, Name     string
	UpdatedAt    time.Time
	MyPermission *State
	CardCount    int
	owner        *User
}

// Resolver answers from memory; it is every resolver of both packages.
type Resolver struct {
	All  []Todo
	Gaps bool // every third of Maybe is missing
	Page DashboardConnection
}

var errNobody = errors.New("nobody")

// Todos are the first n.
func (r *Resolver) Todos(_ context.Context, n int) ([]Todo, error) {
	return r.All[:min(n, len(r.All))], nil
}

// Maybe are the first n.
func (r *Resolver) Maybe(ctx context.Context, n int) ([]*Todo, error) {
	all, err := r.Todos(ctx, n)
	some := make([]*Todo, len(all))
	for i := range all {
		if !r.Gaps || i%3 != 1 {
			some[i] = &all[i]
		}
	}
	return some, err
}

// Dashboards is the page.
func (r *Resolver) Dashboards(context.Context, int) (*DashboardConnection, error) {
	return &r.Page, nil
}

// Things are todos and their users.
func (r *Resolver) Things(context.Context) (all []Thing, err error) {
	for i := range r.All {
		all = append(all, &r.All[i], r.All[i].User)
	}
	return all, nil
}

// Author fails where the text says so.
func (r *Resolver) Author(_ context.Context, t *Todo) (*User, error) {
	if t.Text == "fail" {
		return nil, errNobody
	}
	return t.User, nil
}

// Helper is the boss of the user, if any.
func (r *Resolver) Helper(_ context.Context, t *Todo) (*User, error) {
	if t.Text == "crash" {
		panic("no helper")
	}
	if t.User == nil {
		return nil, nil
	}
	return t.User.Boss, nil
}

// Owner is the dashboard's.
func (r *Resolver) Owner(_ context.Context, d *Dashboard) (*User, error) { return d.owner, nil }

// Example answers with n todos, in which everything is fine, and as many dashboards.
func Example(n int) *Resolver {
	r := &Resolver{}
	at, permission := time.Date(2026, 11, 26, 5, 0, 0, 0, time.UTC), Open
	for i := range n {
		u := &User{ID: fmt.Sprintf("u%d", i), Name: fmt.Sprintf("User %d", i), Email: fmt.Sprintf("user%d@example.com", i)}
		r.All = append(r.All, Todo{ID: fmt.Sprintf("t%d", i), Text: fmt.Sprintf("todo number %d", i), Done: i%2 == 0, User: u, State: Open, Due: at})
		r.Page.Nodes = append(r.Page.Nodes, &Dashboard{
			ID: fmt.Sprintf("d%d", i), Name: fmt.Sprintf("売上 %d", i), UpdatedAt: at, MyPermission: &permission, owner: r.All[0].User,
		})
	}
	r.Page.PageInfo.HasNextPage = true
	return r
}
