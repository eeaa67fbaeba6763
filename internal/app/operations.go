package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/operation"
)

// loadOperations reads the registered operations. One that does not fit the
// schema or the limits any more would fail in somebody's hands: where others
// depend on it the API does not start.
func (a *App) loadOperations(ctx context.Context) error {
	if err := a.Operations.Load(ctx); err != nil {
		return fmt.Errorf("registered operations: %w", err)
	}
	var lines []string
	for _, b := range a.Operations.Broken() {
		problem := operation.Said(core.English, b.Problem)
		if b.Present && a.Config.Env != config.Local {
			lines = append(lines, fmt.Sprintf("  %s, version %d: %s", b.ID, b.Version, problem))
			continue
		}
		a.Log.WarnContext(ctx, "nobody can run a registered operation any more", slog.String("operation", b.ID), slog.Int64("version", b.Version), slog.String("problem", problem))
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("nobody can run these registered operations with this build, so that their clients would fail:\n%s\nStart the build before, publish versions of them that fit this one (karuta pq publish), or retire them (karuta pq retire ID); both work with this build, while no API runs too", strings.Join(lines, "\n"))
}
