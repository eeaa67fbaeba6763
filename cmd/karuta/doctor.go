package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/internal/app"
	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

type doctorCmd struct {
	JSON bool `name:"json" help:"Print a JSON list."`
}

// Help shows an example.
func (doctorCmd) Help() string {
	return `Looks at configuration, data folder, tables, objects, Python, the executor and each layer of its sandbox, the issuer that people sign in with, and names what to do. Asks the server where one runs, else opens what can be opened. Exit code 1 where something fails.

Example: karuta doctor --data-dir .karuta`
}

// Run prints what was found.
func (d *doctorCmd) Run(sh *shell, c *cli) error {
	checks := sh.examine(c)
	if d.JSON {
		out := json.NewEncoder(sh.out)
		out.SetIndent("", "  ")
		if err := out.Encode(checks); err != nil {
			return err
		}
	} else {
		for _, k := range checks {
			fmt.Fprintf(sh.out, "%-4s  %-20s  %s\n", k.Status, k.Name, oneLine(k.Found))
			if k.Fix != "" {
				fmt.Fprintf(sh.out, "%28s→ %s\n", "", k.Fix)
			}
		}
	}
	if slices.ContainsFunc(checks, func(k app.Check) bool { return k.Status == app.CheckFail }) {
		return exit(exitFailed)
	}
	return nil
}

// examine begins with the configuration: nothing can be looked at without one.
func (sh *shell) examine(c *cli) []app.Check {
	conf, warnings, err := config.Load(sh.environment(c, nil))
	if err != nil {
		return []app.Check{{Name: "configuration", Status: app.CheckFail, Found: err.Error(), Fix: "set the variables that are named; docs/configuration.md explains them"}}
	}
	var checks []app.Check
	for _, w := range warnings {
		checks = append(checks, app.Check{Name: "configuration", Status: app.CheckWarn, Found: w.String(), Fix: "correct the name, or unset it"})
	}
	log := telemetry.NewLogger(sh.err, telemetry.Options{Level: "ERROR", Format: "text"})
	return append(checks, app.Doctor(sh.ctx, conf, log)...)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
