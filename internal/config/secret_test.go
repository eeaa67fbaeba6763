package config

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestLocalSecretIsMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var wg sync.WaitGroup
	got := make([]Secret, 8)
	for i := range got {
		wg.Go(func() { got[i], _ = LocalSecret(dir, "jwt") })
	}
	wg.Wait()
	for _, s := range got {
		if s != got[0] || len(s) < MinSecret {
			t.Fatalf("%d characters, same %v", len(s), s == got[0])
		}
	}
	other, err := LocalSecret(dir, "executor")
	if err != nil || other == got[0] {
		t.Errorf("another name must be another secret: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "secrets", "jwt"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	left, _ := os.ReadDir(filepath.Join(dir, "secrets"))
	if len(left) != 2 {
		t.Errorf("files left behind: %v", left)
	}
}

func TestLocalSecretRefusesWhatIsNotSafe(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"readable by all": {"0123456789abcdef0123456789abcdef", 0o644},
		"too short":       {"abc", 0o600},
	} {
		path := filepath.Join(dir, "secrets", "s")
		_ = os.Remove(path)
		if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LocalSecret(dir, "s"); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
