package main

import (
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/karuta-bi/karuta/internal/app"
	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/telemetry"
)

// settings reads the configuration; flags, given as "NAME=value", win over the
// environment. Misspelt variables are reported.
func (sh *shell) settings(c *cli, flags ...string) (config.Config, error) {
	return sh.load(config.Load, c, flags)
}

func (sh *shell) load(read func([]string) (config.Config, []config.Warning, error), c *cli, flags []string) (config.Config, error) {
	conf, warnings, err := read(sh.environment(c, flags))
	for _, w := range warnings {
		fmt.Fprintln(sh.err, "karuta:", w)
	}
	if err != nil {
		return conf, usageError{err}
	}
	return conf, nil
}

// environment is the environment under the flags.
func (sh *shell) environment(c *cli, flags []string) []string {
	environ := append(slices.Clone(sh.environ), flags...)
	if c.DataDir != "" {
		environ = append(environ, "DATA_DIR="+c.DataDir)
	}
	return environ
}

// log is the server's log on standard error.
func (sh *shell) log(c config.Config) *slog.Logger {
	return telemetry.NewLogger(sh.err, telemetry.Options{Level: c.LogLevel, Format: c.LogFormat, Source: c.APIDebug})
}

// operate does an operator's verb. Only warnings are logged: the verb's own
// answer is what the operator reads.
func (sh *shell) operate(c *cli, verb string, args any, file io.Reader, out any) error {
	conf, err := sh.settings(c)
	if err != nil {
		return err
	}
	conf.LogLevel = "WARN"
	log := telemetry.NewLogger(sh.err, telemetry.Options{Level: conf.LogLevel, Format: "text"})
	return app.Operate(sh.ctx, conf, log, verb, args, file, out)
}
