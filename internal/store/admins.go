package store

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// StepDown is [Users.Edit] for a change that takes an administrator away: it
// happens only while another active administrator stays, which the same
// transaction checks. Two who step down at once therefore never both succeed.
// VALIDATION_ERROR.last_admin when there is no other.
func (r *Users) StepDown(ctx context.Context, id string, change func(*core.User) error) (*core.User, error) {
	for try := 0; ; try++ {
		others, err := r.Search(ctx, "", func(u *core.User) bool {
			return u.ID != id && u.Role == core.RoleAdmin && u.Active()
		}, 1)
		if err != nil {
			return nil, err
		}
		if len(others) == 0 {
			return nil, core.Invalid("input.userId", "last_admin")
		}
		stays := table.Check(userKey(others[0].ID), table.IfVersion(others[0].Version))
		u, err := edit(ctx, r.e, userVersioned(id), 0, func(u *core.User) ([]table.Write, error) {
			more, err := changePerson(ctx, u, change)
			return append([]table.Write{stays}, more...), err
		})
		failed := table.ConditionFailed(err)
		if failed == nil || failed.Index != 1 {
			return u, err
		}
		if try >= editTries { // the list of people lags behind the people
			return nil, &core.Error{Code: core.CodeConflict, Cause: err}
		}
	}
}
