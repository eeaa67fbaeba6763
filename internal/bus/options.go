package bus

import (
	"context"
	"errors"
	"sync"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// RedisOptions are those of every client of a Redis (redis:// or rediss://, the
// number of a database as its path): it asks once and gives up with the context,
// because whoever asks knows what to do without an answer, and whether what was
// asked for was done is not known then.
func RedisOptions(url string) (*redis.Options, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("REDIS_URL cannot be read") // the error repeats the password
	}
	quiet()
	options.MaxRetries, options.DialerRetries, options.ContextTimeoutEnabled = -1, 1, true
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return options, nil
}

// quiet keeps the library from writing to standard error in words of its own: what
// goes wrong is told by who called it.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}
