//go:build linux

package supervisor

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// EXE-3: every layer that strict asks for holds, shown by attacks in real children.
func TestIsolationHolds(t *testing.T) {
	report := shared(t).Isolation()
	if weak := firstWeak(report); weak != nil {
		t.Errorf("%+v", *weak)
	}
	for _, name := range []string{nameProcess, nameSyscalls, nameFiles, nameLimits, nameWatchdog} {
		if !slices.ContainsFunc(report, func(l client.Layer) bool { return l.Name == name && l.Required && l.Holds }) {
			t.Errorf("%s is not among the layers that hold: %+v", name, report)
		}
	}
	for _, l := range report {
		if l.Holds && l.Mechanism == "" || !l.Holds && l.Detail == "" && l.Name != nameNamespaces {
			t.Errorf("nobody can tell why: %+v", l)
		}
	}
}

// Ablation: without a layer the canaries succeed and strict refuses Python, so
// they are able to fail.
func TestCanariesSeeAMissingLayer(t *testing.T) {
	root := os.Geteuid() == 0
	for _, missing := range []struct {
		set     layers
		name    string
		attacks []string // that must be named
		only    bool     // of no use to a plain user
	}{
		{layerSeccomp, nameSyscalls, []string{"socket", "udp", "fork", "executable memory", "shared memory", "memory file"}, false},
		{layerChroot | layerLandlock, nameFiles, []string{"users", "secret", "list"}, false},
		{layerOwnUser, nameUser, []string{"root"}, true},
		{layerLimits, nameLimits, []string{"DATA", "FSIZE", "memory"}, false},
	} {
		t.Run(missing.name, func(t *testing.T) {
			if missing.only && !root {
				t.Skip("not run here: needs root")
			}
			s := begin(t, config(t), every&^missing.set)
			weak := firstWeak(s.Isolation())
			if weak == nil || weak.Name != missing.name {
				t.Fatalf("weak layer %+v", weak)
			}
			for _, attack := range missing.attacks {
				if !strings.Contains(weak.Detail, attack) {
					t.Errorf("%q is missing in %q", attack, weak.Detail)
				}
			}
			_, err := s.Render(t.Context(), Run{Code: "def render(d, f, p): return ''"})
			if core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(s.Refusal(), missing.name) {
				t.Errorf("render: %v, refusal %q", err, s.Refusal())
			}
		})
	}
}

// Not strict: a weak sandbox is reported and cards run.
func TestRelaxed(t *testing.T) {
	cfg := config(t)
	var log bytes.Buffer
	cfg.Strict, cfg.Log = false, slog.New(slog.NewTextHandler(&log, nil))
	s := begin(t, cfg, every&^layerSeccomp)
	if s.Refusal() != "" || firstWeak(s.Isolation()) == nil || !s.Relaxed() {
		t.Fatalf("refusal %q, layers %+v", s.Refusal(), s.Isolation())
	}
	wantGood(t, s)
	if n := strings.Count(log.String(), "SANDBOX=relaxed"); n != 2 { // at the start, and for the run
		t.Errorf("%d warnings: %s", n, log.String())
	}
}

func TestMissingPython(t *testing.T) {
	for name, python := range map[string]string{"none": "", "absent": "/nowhere/python3.11", "no Python": "/bin/true"} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, Config{Python: python, Strict: true}, every)
			_, err := s.Render(t.Context(), Run{Code: "def render(d, f, p): return ''"})
			e, ok := errors.AsType[*core.Error](err)
			if !ok || e.Code != core.CodeUnavailable || e.Reason != "python_refused" || s.Refusal() == "" {
				t.Errorf("%v, refusal %q", err, s.Refusal())
			}
		})
	}
}

// A report without findings never holds: a canary that was not run proves nothing.
func TestSilentCanariesProveNothing(t *testing.T) {
	for _, layer := range layerReport(findings{}, nil, &zygote{}) {
		if layer.Holds {
			t.Errorf("%+v", layer)
		}
	}
	for _, layer := range layerReport(nil, errors.New("no child"), &zygote{}) {
		if layer.Holds || (layer.Required && layer.Detail != "no child") {
			t.Errorf("%+v", layer)
		}
	}
}
