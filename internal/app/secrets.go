package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/karuta-bi/karuta/internal/config"
)

// executorSecret is EXECUTOR_SECRET, else one that is made in the data folder.
func executorSecret(c config.Config) (string, error) {
	return given(c, c.ExecutorSecret, "executor")
}

// tokenSecret is JWT_SECRET_KEY, else one that is made in the data folder.
func tokenSecret(c config.Config) (string, error) {
	return given(c, c.JWTSecretKey, "jwt")
}

func given(c config.Config, s config.Secret, name string) (string, error) {
	if s != "" {
		return s.Reveal(), nil
	}
	made, err := config.LocalSecret(c.DataDir, name)
	return made.Reveal(), err
}

// planKeys are the secrets under which plans are confirmed. Those of the key
// before the last change are taken until they are over.
func planKeys(secret, previous string) []string {
	const purpose = "dataset plans"
	if previous == "" {
		return []string{derived(secret, purpose)}
	}
	return []string{derived(secret, purpose), derived(previous, purpose)}
}

// derived makes a secret for another purpose, so that one key has one use.
func derived(secret, purpose string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(purpose))
	return hex.EncodeToString(h.Sum(nil))
}
