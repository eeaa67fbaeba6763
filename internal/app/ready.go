package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/karuta-bi/karuta/internal/app/demo"
	"github.com/karuta-bi/karuta/internal/core"
)

// How often the API looks whether it is ready, and tells the log when it is not.
const (
	readyPoll = 20 * time.Millisecond
	readyTell = 5 * time.Second
)

// announce says that the API is ready, once it says so itself.
func (a *App) announce(ctx context.Context, url string, o ServeOptions) error {
	if !a.awaitReady(ctx, url) {
		return nil
	}
	if o.Demo {
		if err := a.buildDemo(ctx); err != nil {
			return err
		}
	}
	a.Log.InfoContext(ctx, "ready", "url", url)
	fmt.Fprintf(o.Out, "ready %s\n", url)
	if o.Demo {
		for _, who := range demo.Accounts() {
			fmt.Fprintf(o.Out, "demo  %-20s password %s  %s\n", who.Email, who.Password, who.Name)
		}
	}
	return nil
}

func (a *App) buildDemo(ctx context.Context) error {
	return demo.Build(ctx, demo.Services{
		Identity: a.Identity, Datasets: a.Datasets, Cards: a.Cards, Dashboards: a.Dashboards, Transforms: a.Transforms,
		Marker: filepath.Join(a.Config.DataDir, markerOfDemo),
	})
}

// awaitReady is false when the context ended first. Every few seconds it tells
// the log what is not ready yet.
func (a *App) awaitReady(ctx context.Context, url string) bool {
	if a.own != nil {
		// Its calls wait while it starts; looking before that would only be
		// remembered as an outage for a second.
		starting, cancel := context.WithTimeout(ctx, readyTell)
		_, _ = a.Executor.Health(starting, false)
		cancel()
	}
	poll, tell := time.NewTicker(readyPoll), time.NewTicker(readyTell)
	defer poll.Stop()
	defer tell.Stop()
	for !ready(ctx, url) {
		select {
		case <-ctx.Done():
			return false
		case <-tell.C:
			a.Log.WarnContext(ctx, "not ready yet", "down", a.down(ctx))
		case <-poll.C:
		}
	}
	return true
}

// itself asks this very process, at an address that no certificate names.
var itself = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// ready asks the API itself.
func ready(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/ready", nil)
	if err != nil {
		return false
	}
	resp, err := itself.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// down lists the parts that do not work, and why.
func (a *App) down(ctx context.Context) (parts []string) {
	for _, c := range a.Monitor.Health(core.AsSystem(ctx, "upkeep")).Components {
		if c.Detail != nil {
			parts = append(parts, c.Name+": "+*c.Detail)
		}
	}
	return parts
}

// baseURL is how the address is reached from this machine.
func baseURL(at net.Addr, tls bool) string {
	tcp := at.(*net.TCPAddr)
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http://"
	if tls {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}
