// Package resolvers answers the fields of the schema: one file for each schema
// file, and in each a few lines a field that hand the arguments to one service
// and wrap what it gives. Rules are not decided here: the directives ask the
// access gate, and every service asks it again.
package resolvers

import (
	"context"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/audit"
	"github.com/karuta-bi/karuta/internal/card"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dashboard"
	"github.com/karuta-bi/karuta/internal/dataset"
	"github.com/karuta-bi/karuta/internal/guard"
	"github.com/karuta-bi/karuta/internal/idempotency"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/internal/operation"
	"github.com/karuta-bi/karuta/internal/transform"
	"github.com/karuta-bi/karuta/loaders"
)

// Services are what the fields are answered from.
type Services struct {
	Gate        *access.Gate
	Reports     *access.Reports
	Identity    *identity.Service
	Operations  *operation.Service
	Audit       *audit.Log
	Datasets    *dataset.Service
	Cards       *card.Service
	Dashboards  *dashboard.Service
	Presence    *dashboard.Presence
	Transforms  *transform.Service
	Scheduler   *transform.Scheduler
	Guard       *guard.Guard
	Idempotency *idempotency.Service
	Info        graph.ServerInfo
	Monitor     *Monitor
}

// Resolver answers the fields.
type Resolver struct{ Services Services }

// Sources are where the loaders of an operation read from: always through the gate.
func (r *Resolver) Sources() *loaders.Sources {
	return &loaders.Sources{
		Users:      r.Services.Identity.UsersByID,
		Groups:     r.Services.Identity.GroupsByID,
		Datasets:   r.Services.Gate.FilterDatasets,
		Cards:      r.Services.Gate.FilterCards,
		Transforms: r.Services.Gate.FilterTransforms,
		Links:      r.Services.Identity.IssuerLinks,
		Dashboards: func(ctx context.Context, ids []string) (map[string]*core.Dashboard, error) {
			grants, err := r.Services.Gate.FilterDashboards(ctx, ids)
			dashboards := make(map[string]*core.Dashboard, len(grants))
			for id, g := range grants {
				dashboards[id] = g.Dashboard
			}
			return dashboards, err
		},
	}
}
