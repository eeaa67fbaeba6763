package main

import (
	"github.com/karuta-bi/karuta/executor/engine"
	"github.com/karuta-bi/karuta/internal/app"
	"github.com/karuta-bi/karuta/internal/config"
)

type executorCmd struct {
	Listen    string `help:"Address for the API's calls. Default: ${default}." default:"0.0.0.0:8080" placeholder:"HOST:PORT"`
	Inherited bool   `hidden:"" help:"Started by an API, which passes the sockets and the secret."`
}

// Help shows an example.
func (executorCmd) Help() string {
	return `Reads BLOBS, DATA_DIR, the S3 variables and EXECUTOR_SECRET, which must be the API's.

Example: EXECUTOR_SECRET=... karuta executor --listen 0.0.0.0:8080`
}

// Run runs an executor until a signal comes, or the API that started it ends.
func (e *executorCmd) Run(sh *shell, c *cli) error {
	conf, err := sh.load(config.LoadExecutor, c, nil)
	if err != nil {
		return err
	}
	if e.Inherited {
		return app.RunInheritedExecutor(sh.ctx, conf, sh.log(conf))
	}
	return app.RunExecutor(sh.ctx, conf, e.Listen, sh.log(conf))
}

// workerCmd is a process of the executor's engine, which starts it itself.
type workerCmd struct {
	Args []string `arg:"" optional:"" passthrough:""`
}

// Run serves the engine that started this process.
func (w *workerCmd) Run(sh *shell) error {
	if code := engine.WorkerMain(sh.ctx, w.Args); code != 0 {
		return exit(code)
	}
	return nil
}
