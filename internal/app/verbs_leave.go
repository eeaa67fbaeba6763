package app

import (
	"context"

	"github.com/karuta-bi/karuta/internal/identity"
)

// DepartureArgs name who leaves, and who gets what they own.
type DepartureArgs struct {
	Email      string
	HandOverTo string // address, "" for nobody
	DryRun     bool   // only tell
}

// DepartureRow is how it went: how many things were handed over, and how many
// of each kind they own now.
type DepartureRow struct {
	User           UserRow
	HandedOver     int
	Dashboards     int
	Datasets       int
	Cards          int
	Transforms     int
	FilterViews    int
	APIKeys        int // live ones
	RunningImports int
}

func (a *App) deactivateUser(ctx context.Context, in DepartureArgs) (DepartureRow, error) {
	who, err := a.Identity.UserByEmail(ctx, in.Email)
	if err != nil {
		return DepartureRow{}, err
	}
	leaves := identity.Departure{UserID: who.ID, DryRun: in.DryRun}
	if in.HandOverTo != "" {
		successor, err := a.Identity.UserByEmail(ctx, in.HandOverTo)
		if err != nil {
			return DepartureRow{}, err
		}
		leaves.HandOverTo = successor.ID
	}
	left, err := a.Identity.Depart(ctx, leaves)
	if err != nil {
		return DepartureRow{}, err
	}
	return DepartureRow{
		User: userRow(left.User), HandedOver: left.HandedOver, RunningImports: left.Owned.RunningImports,
		Dashboards: left.Owned.DashboardCount, Datasets: left.Owned.DatasetCount, Cards: left.Owned.CardCount, Transforms: left.Owned.TransformCount,
		FilterViews: left.Owned.FilterViewCount, APIKeys: left.Owned.APIKeyCount,
	}, nil
}
