package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/app"
)

// examined runs the doctor and gives its checks by name.
func examined(t *testing.T, dir string) (int, map[string]app.Check) {
	t.Helper()
	s := karuta(t, "", "doctor", "--json", "--data-dir", dir)
	var list []app.Check
	if err := json.Unmarshal([]byte(s.out), &list); err != nil {
		t.Fatal(err, s.out, s.err)
	}
	checks := map[string]app.Check{}
	for _, c := range list {
		if (c.Status == app.CheckOK) != (c.Fix == "") || c.Found == "" {
			t.Errorf("a check without a finding, or with a fix that nothing needs: %+v", c)
		}
		checks[c.Name] = c
	}
	return s.code, checks
}

// DIA-1: a server that runs looks for itself, down to each layer of the sandbox.
func TestDoctorOfARunningServer(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir)
	code, checks := examined(t, dir)
	for _, name := range []string{"configuration", "data folder", "server", "tables", "blobs", "audit log", "executor"} {
		if checks[name].Status != app.CheckOK {
			t.Errorf("%s: %+v", name, checks[name])
		}
	}
	failed := false
	for _, c := range checks {
		failed = failed || c.Status == app.CheckFail
	}
	if (code == 1) != failed {
		t.Errorf("exit code %d: %+v", code, checks)
	}
	if checks["python"].Status == app.CheckOK && (checks["sandbox: syscalls"].Status != app.CheckOK || !strings.Contains(checks["sandbox: syscalls"].Found, "seccomp")) {
		t.Errorf("the sandbox: %+v", checks)
	}
}

// DIA-1: without a server, each thing that is wrong is named with what to do.
func TestDoctorNamesWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, checks := examined(t, file)
	if code != 1 || checks["data folder"].Status != app.CheckFail || checks["configuration"].Status != app.CheckOK {
		t.Errorf("a folder that is a file: exit %d, %+v", code, checks)
	}
	var out bytes.Buffer
	sh := shell{ctx: t.Context(), out: &out, err: &out, environ: []string{"ENV=production"}}
	if code := run(sh, []string{"doctor"}); code != 1 || !strings.Contains(out.String(), "fail  configuration") || !strings.Contains(out.String(), "JWT_SECRET_KEY") {
		t.Errorf("a configuration that nothing can follow: exit %d, %s", code, out.String())
	}
}
