package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
)

// apiKeyPrefix begins every API key, so that keys can be told from tokens and
// found where they should not be.
const apiKeyPrefix = "krt_"

var apiKeyForm = regexp.MustCompile(`^` + apiKeyPrefix + `([0-9a-f]{32})_([0-9a-f]{32})_([A-Za-z0-9_-]{43})$`)

// apiKeyClaim is what a key says of itself.
type apiKeyClaim struct{ keyID, ownerID, secret string }

// IsAPIKey tells whether a credential is meant as an API key.
func IsAPIKey(token string) bool { return strings.HasPrefix(token, apiKeyPrefix) }

// newAPIKeyToken makes a key's text of 32 random bytes, and the hash by which it
// is known again. A fast hash is enough: nobody guesses 256 bits.
func newAPIKeyToken(keyID, ownerID string) (token, hash string) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails, see crypto/rand
	secret := base64.RawURLEncoding.EncodeToString(random[:])
	return apiKeyPrefix + strings.TrimPrefix(keyID, "key_") + "_" + strings.TrimPrefix(ownerID, "user_") + "_" + secret, hashOfSecret(secret)
}

func parseAPIKey(token string) (apiKeyClaim, bool) {
	m := apiKeyForm.FindStringSubmatch(token)
	if m == nil {
		return apiKeyClaim{}, false
	}
	return apiKeyClaim{keyID: "key_" + m[1], ownerID: "user_" + m[2], secret: m[3]}, true
}

// opens tells whether the secret is the key's; without a key it is compared
// with nothing, which takes as long.
func (c apiKeyClaim) opens(key *core.APIKey) bool {
	stored := strings.Repeat("0", 2*sha256.Size)
	if key != nil {
		stored = key.Hash
	}
	same := subtle.ConstantTimeCompare([]byte(hashOfSecret(c.secret)), []byte(stored)) == 1
	return same && key != nil
}

func hashOfSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
