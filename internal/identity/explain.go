package identity

import (
	"context"
	"strconv"

	"github.com/karuta-bi/karuta/internal/core"
)

// WhyCanAccess tells why a person can or cannot reach a thing, see
// [access.Gate.Explain]. Asking about somebody else is audited.
func (s *Service) WhyCanAccess(ctx context.Context, userID, resourceID string) (*core.Explanation, error) {
	e, err := s.gate.Explain(ctx, userID, resourceID)
	if err != nil {
		return nil, err
	}
	if userID != core.ActorFrom(ctx).UserID() {
		s.audit.Record(ctx, core.AuditEvent{
			Type: core.EventAccessExplained, TargetType: "user", TargetID: userID,
			Details: map[string]string{"resource": resourceID, "allowed": strconv.FormatBool(e.Allowed)},
		})
	}
	return e, nil
}
