package config

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// LocalSecret is the secret with the given name in the folder "secrets" of the
// data folder; it is made on first use (32 random bytes in hex, mode 0600). It
// is for ENV=local. Two processes that start at once get the same one. A file
// that others may read, or that is too short, is refused.
func LocalSecret(dataDir, name string) (Secret, error) {
	folder := filepath.Join(dataDir, "secrets")
	path := filepath.Join(folder, name)
	secret, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("local secret %s: %w", name, err)
	}
	if err := makeSecret(folder, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("local secret %s: %w", name, err)
	}
	return readSecret(path)
}

func readSecret(path string) (Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("local secret %s: others may read it; set its mode to 0600", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(text))
	if len(secret) < MinSecret {
		return "", fmt.Errorf("local secret %s: shorter than %d characters; delete it to have a new one made", path, MinSecret)
	}
	return Secret(secret), nil
}

// makeSecret writes a temporary file and links it to its name: whoever comes
// second finds the first one's, and nobody ever reads half a secret.
func makeSecret(folder, path string) error {
	f, err := os.CreateTemp(folder, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails, see crypto/rand
	_, err = f.WriteString(hex.EncodeToString(random) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
