// Package demo builds a small company to look around in: three people, a group,
// seven real open data sets, twelve cards with a note beside them, and three
// dashboards shared in three different ways. Of two datasets the reader sees a
// part, one dashboard begins with a filter view, and the reader asks the author
// for more. A transform joins two of them into another one. SOURCES.md says where the data comes from.
//
// An interrupted build is taken up where it stopped: everything is looked for
// by its name before it is made. Once the build is complete it is never touched
// again, so that what people change in the demo stays as they left it.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
	"github.com/karuta-bi/karuta/internal/dataset"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/internal/transform"
)

// Services is what the demo is built with. The caller makes sure that this is
// a local server that listens on loopback only: the passwords are public.
type Services struct {
	Identity   *identity.Service
	Datasets   *dataset.Service
	Cards      *card.Service
	Dashboards *dashboard.Service
	Transforms *transform.Service
	Marker     string // path of the file that says that the demo is complete
}

// Account is a person of the demo, to be printed when the server starts.
type Account struct {
	Email    string
	Password string
	Role     core.Role
	Name     string
}

const password = "Karuta-demo-1"

// The people of the demo. What each may see is told in their names.
var (
	admin  = Account{"admin@example.com", password, core.RoleAdmin, "管理 栞 (administrator)"}
	editor = Account{"editor@example.com", password, core.RoleUser, "編集 薫 (author)"}
	viewer = Account{"viewer@example.com", password, core.RoleUser, "閲覧 遥 (reader)"}
)

// Accounts are the people who can sign in.
func Accounts() []Account { return []Account{admin, editor, viewer} }

// Build makes what is missing of the demo, or nothing when it was complete
// before. It returns when every dataset is imported.
func Build(ctx context.Context, s Services) error {
	if _, err := os.Stat(s.Marker); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("demo: %w", err)
	}
	b := &builder{Services: s, people: map[string]*core.User{}, datasets: map[string]string{}, cards: map[string]string{}, dashboards: map[string]string{}}
	for _, step := range []func(context.Context) error{b.makePeople, b.importDatasets, b.makeCards, b.makeDashboards, b.makeAccess, b.makeTransform} {
		if err := step(core.AsSystem(ctx, "demo")); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	return os.WriteFile(s.Marker, []byte("The demo is complete. Without this file it is built again.\n"), 0o600)
}

// builder remembers what was made or found: people by address, datasets and
// cards by the name of their file, dashboards by their own.
type builder struct {
	Services
	people     map[string]*core.User
	group      *core.Group
	datasets   map[string]string
	cards      map[string]string
	dashboards map[string]string
}

// as is the context in which a person of the demo acts.
func (b *builder) as(ctx context.Context, who Account) context.Context {
	return core.WithActor(ctx, &core.Actor{User: b.people[who.Email], Agent: "demo", Locale: core.Japanese})
}

// everything of a person's fits on one page.
var everything = core.PageArgs{First: core.MaxPage}

// named finds a thing by its name.
func named[T any](things []T, name string, nameOf func(T) string) (T, bool) {
	for _, thing := range things {
		if nameOf(thing) == name {
			return thing, true
		}
	}
	var none T
	return none, false
}
