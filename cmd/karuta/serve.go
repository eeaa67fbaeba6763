package main

import (
	"net"

	"github.com/karuta-bi/karuta/internal/app"
)

type serveCmd struct {
	Listen         string `help:"Address of the API; port 0 takes a free one. Default: API_HOST and API_PORT." placeholder:"HOST:PORT"`
	ExecutorListen string `help:"Address on which the API's own executor answers GET /health. Default: a free port." placeholder:"HOST:PORT"`
	Demo           bool   `help:"Build a small demo company; on a loopback address and ENV=local alone."`
}

// Help shows an example.
func (serveCmd) Help() string {
	return `Prints "ready http://HOST:PORT" on standard output once requests are served; the log is on standard error. SIGTERM finishes what is under way and ends.

Example: karuta serve --demo --listen 127.0.0.1:8000 --data-dir .karuta`
}

// Run runs the API until a signal comes.
func (s *serveCmd) Run(sh *shell, c *cli) error {
	flags, err := s.flags()
	if err != nil {
		return err
	}
	conf, err := sh.settings(c, flags...)
	if err != nil {
		return err
	}
	log := sh.log(conf)
	a, err := app.Open(sh.ctx, conf, log)
	if err != nil {
		return err
	}
	err = a.Serve(sh.ctx, app.ServeOptions{ExecutorListen: s.ExecutorListen, Demo: s.Demo, Out: sh.out})
	if problem := a.Close(); problem != nil {
		log.Warn("not everything was closed in order", "cause", problem)
	}
	log.Info("ended")
	return err
}

func (s *serveCmd) flags() ([]string, error) {
	if s.Listen == "" {
		return nil, nil
	}
	host, port, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return nil, usageError{err}
	}
	return []string{"API_HOST=" + host, "API_PORT=" + port}, nil
}
