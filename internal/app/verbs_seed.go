package app

import (
	"context"
	"errors"
	"strings"

	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/identity"
)

// SeedRow tells what end-to-end tests find: accounts that share a password, and
// a dataset of the first one's.
type SeedRow struct {
	Emails   []string
	Password string // of the accounts that were made now
	Made     []string
	Dataset  string // its id
}

// seedPassword is public, therefore ENV=local alone.
const seedPassword = "Karuta-e2e-1"

const seedDataset = "e2e sales"

const seedCSV = `date,region,product,amount
2026-04-01,東京,りんご,1200
2026-04-01,大阪,みかん,800
2026-04-02,東京,みかん,950
2026-04-02,福岡,りんご,400
2026-04-03,大阪,りんご,1100
`

var seedUsers = []identity.NewUser{
	{Email: "e2e@example.com", Name: "E2E", Role: core.RoleUser, Password: seedPassword},
	{Email: "admin@example.com", Name: "Admin", Role: core.RoleAdmin, Password: seedPassword},
	{Email: "e2e-viewer@example.com", Name: "Viewer", Role: core.RoleUser, Password: seedPassword},
	{Email: "e2e-editor@example.com", Name: "Editor", Role: core.RoleUser, Password: seedPassword},
	{Email: "e2e-member@example.com", Name: "Member", Role: core.RoleUser, Password: seedPassword},
}

// ErrSeedLocal refuses to seed anything but one's own machine.
var ErrSeedLocal = errors.New("seed is for ENV=local alone, because its passwords are public")

// seed makes what is missing; accounts that exist keep their passwords.
func (a *App) seed(ctx context.Context, _ struct{}) (SeedRow, error) {
	if a.Config.Env != config.Local {
		return SeedRow{}, ErrSeedLocal
	}
	row := SeedRow{Password: seedPassword}
	for _, u := range seedUsers {
		_, err := a.Identity.CreateUser(ctx, u)
		switch {
		case err == nil:
			row.Made = append(row.Made, u.Email)
		case core.CodeOf(err) != core.CodeDuplicate:
			return SeedRow{}, err
		}
		row.Emails = append(row.Emails, u.Email)
	}
	var err error
	row.Dataset, err = a.seedData(ctx)
	return row, err
}

func (a *App) seedData(ctx context.Context) (id string, err error) {
	owner, err := a.Identity.UserByEmail(ctx, seedUsers[0].Email)
	if err != nil {
		return "", err
	}
	theirs, err := a.Datasets.Datasets(core.WithActor(ctx, &core.Actor{User: owner}), false, core.PageArgs{First: core.MaxPage})
	if err != nil {
		return "", err
	}
	for _, d := range theirs.Nodes {
		if d.Name == seedDataset {
			return d.ID, nil
		}
	}
	made, err := a.importFor(ctx, owner.ID, ImportArgs{Name: seedDataset, Filename: "sales.csv"}, strings.NewReader(seedCSV))
	return made.ID, err
}
