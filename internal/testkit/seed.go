package testkit

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Seed is what a test draws by, told in its log and another one each time. In
// KARUTA_SEED it is given, to go through the same again.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if given, err := strconv.ParseUint(os.Getenv("KARUTA_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("KARUTA_SEED=%d", seed)
	return seed
}
