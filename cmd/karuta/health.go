package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/config"
)

type healthCmd struct {
	URL string `help:"Address to ask. Default: /api/health on this machine's API_PORT." placeholder:"URL"`
}

// Help shows an example.
func (healthCmd) Help() string {
	return `Exit code 0 where the server lives, else 1: fit for a container's HEALTHCHECK.

Example: karuta health --url http://127.0.0.1:8080/health`
}

// healthTimeout is a second less than the container's own.
const healthTimeout = 4 * time.Second

// local asks the server of this machine, at an address that no certificate names.
var local = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// Run asks once.
func (h *healthCmd) Run(sh *shell, c *cli) error {
	url, client := h.URL, http.DefaultClient
	if url == "" {
		conf, err := sh.load(config.LoadExecutor, c, nil) // the API's container and the executor's both have what this needs
		if err != nil {
			return err
		}
		scheme := "http://"
		client = local
		if conf.TLS() {
			scheme = "https://"
		}
		url = scheme + net.JoinHostPort("127.0.0.1", strconv.Itoa(conf.APIPort)) + "/api/health"
	}
	ctx, cancel := context.WithTimeout(sh.ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return usageError{err}
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return err
	}
	fmt.Fprintln(sh.out, strings.TrimSpace(string(body)))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}
