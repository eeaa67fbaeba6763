package dashboard

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	viewEvery  = time.Minute // how often the same look is audited at most
	viewsKnown = 10_000
)

// views remembers who looked at what, so that a page that refreshes itself does
// not fill the audit log.
type views struct {
	mu   sync.Mutex
	seen *simplelru.LRU[string, time.Time]
}

func newViews() *views {
	seen, _ := simplelru.NewLRU[string, time.Time](viewsKnown, nil) // fails for sizes below 1 only
	return &views{seen: seen}
}

// first tells whether the person has not looked at the dashboard within the last minute.
func (v *views) first(userID, dashboardID string, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := userID + " " + dashboardID
	if at, ok := v.seen.Get(key); ok && now.Sub(at) < viewEvery {
		return false
	}
	v.seen.Add(key, now)
	return true
}
