package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
)

// opened is a Karuta on the folder, with the variables.
func opened(t *testing.T, dir string, variables ...string) *App {
	t.Helper()
	c, _, err := config.Load(append(variables, "DATA_DIR="+dir, "EXECUTOR_ENDPOINT=http://127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func shut(t *testing.T, a *App) {
	t.Helper()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// ATH-2, ENV-8: the key that is made in the data folder is for nobody else's
// eyes and the same after a restart; when a given one takes its place, sign-ins
// go on while the old one is named as the key before.
func TestTokensOutliveARestartAndARotation(t *testing.T) {
	dir := t.TempDir()
	a := opened(t, dir)
	u := &core.User{ID: core.NewID(core.NounUser), Email: "hanako@example.com", Role: core.RoleUser}
	if err := a.Store.Users.Create(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	in, err := a.Identity.Mint(core.AsSystem(t.Context(), "test"), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	key := a.Identity.KeyID()
	shut(t, a)
	file := filepath.Join(dir, "secrets", "jwt")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	made, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fresh, before := "JWT_SECRET_KEY="+strings.Repeat("n", 32), "JWT_SECRET_KEY_PREVIOUS="+strings.TrimSpace(string(made))
	for name, c := range map[string]struct {
		variables []string
		code      core.Code
		same      bool
	}{
		"restart":            {nil, "", true},
		"rotation":           {[]string{fresh, before}, "", false},
		"after the rotation": {[]string{fresh}, core.CodeInvalidToken, false},
	} {
		a := opened(t, dir, c.variables...)
		if _, _, err := a.Identity.Authenticate(t.Context(), in.Token); core.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if same := a.Identity.KeyID() == key; same != c.same {
			t.Errorf("%s: the same key is %t", name, same)
		}
		shut(t, a)
	}
}

// One key has one use.
func TestDerivedSecretsDiffer(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcdef"
	a, b := derived(secret, "card pages"), derived(secret, "something else")
	if a == b || a == secret || a == derived(secret+"x", "card pages") || a != derived(secret, "card pages") || len(a) < config.MinSecret {
		t.Errorf("got %s and %s", a, b)
	}
}
