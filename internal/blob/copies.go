package blob

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// errDamaged tells that bytes broke off or changed on their way; they can be
// fetched again.
var errDamaged = errors.New("blob: damaged on the way")

// copies keeps local copies of objects: each is fetched once however many ask
// for it, stays while anybody uses it, and goes when room is needed, the longest
// unused first. What an earlier process left is used again after its bytes were
// checked; that is why nothing here is synced to disk.
type copies struct {
	root  *os.Root
	dir   string   // of root
	lock  *os.File // of root's folder
	limit int64

	ctx      context.Context // ends with close
	stop     context.CancelFunc
	arrivals sync.WaitGroup

	mu     sync.Mutex
	bytes  int64
	byName map[string]*localCopy
	idle   *simplelru.LRU[string, *localCopy] // those that nobody uses
}

// localCopy is one copy, there or on its way. The mutex of copies guards it.
type localCopy struct {
	name   string // tells the object and its version
	ending string // of the file's name
	bytes  int64
	sum    string // of the bytes in the file, "" while there is no file
	users  int
	sound  bool     // fetched or checked by this process
	coming *arrival // nil while nobody fetches or checks
}

func (lc *localCopy) file() string { return lc.name + "-" + lc.sum + lc.ending }

// arrival is a fetch or a check that users of the copy wait for.
type arrival struct {
	done   chan struct{}
	err    error // once done
	cancel context.CancelFunc
}

// use gives the path of a copy, which stays until release. The fetcher is asked
// when there is none; the copy that is wanted has name, ending and bytes.
func (c *copies) use(ctx context.Context, want localCopy, fetch fetcher) (path string, release func(), err error) {
	lc, coming, err := c.enter(ctx, want, fetch)
	if err != nil {
		return "", nil, err
	}
	if coming != nil {
		select {
		case <-coming.done:
			err = coming.err
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		c.leave(lc)
		return "", nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return filepath.Join(c.dir, lc.file()), sync.OnceFunc(func() { c.leave(lc) }), nil
}

// enter counts a user in and sees to it that the copy comes.
func (c *copies) enter(ctx context.Context, want localCopy, fetch fetcher) (*localCopy, *arrival, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return nil, nil, os.ErrClosed
	}
	lc := c.byName[want.name]
	if lc == nil {
		lc = &localCopy{name: want.name, ending: want.ending}
		c.byName[lc.name] = lc
	}
	c.bytes += want.bytes - lc.bytes // a file that was left may be shorter
	lc.bytes = want.bytes
	lc.users++
	c.idle.Remove(lc.name)
	c.makeRoom()
	if lc.coming == nil && !(lc.sound && c.has(lc)) {
		c.begin(ctx, lc, fetch)
	}
	return lc, lc.coming, nil
}

// leave counts a user out. A copy on its way that nobody waits for any more is
// given up.
func (c *copies) leave(lc *localCopy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	lc.users--
	switch {
	case lc.users > 0 || c.byName[lc.name] != lc:
	case lc.coming != nil:
		lc.coming.cancel()
		c.drop(lc)
	default:
		now := time.Now() // tells the next process the order
		_ = c.root.Chtimes(lc.file(), now, now)
		c.idle.Add(lc.name, lc)
		c.makeRoom()
	}
}

// has tells whether the file is still there: somebody may have tidied up.
func (c *copies) has(lc *localCopy) bool {
	stat, err := c.root.Lstat(lc.file())
	return err == nil && stat.Size() == lc.bytes
}

// makeRoom drops copies that nobody uses, as far as needed.
func (c *copies) makeRoom() {
	for c.bytes > c.limit {
		_, oldest, ok := c.idle.RemoveOldest()
		if !ok {
			return
		}
		c.drop(oldest)
	}
}

// drop forgets the copy and removes its file.
func (c *copies) drop(lc *localCopy) {
	delete(c.byName, lc.name)
	c.bytes -= lc.bytes
	if lc.sum != "" {
		_ = c.root.Remove(lc.file())
	}
}
