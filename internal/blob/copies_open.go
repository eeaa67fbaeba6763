package blob

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// copyFile is the name of a copy's file: object, version, sum, ending.
var copyFile = regexp.MustCompile(`^([0-9a-f]{24}-[0-9a-f]{16})-([0-9a-f]{32})(\.[A-Za-z0-9._-]*)?$`)

// openCopies opens the folder, made when missing, with the copies that an
// earlier process left. Processes that have the same folder open have copies of
// their own, each up to the limit.
func openCopies(dir string, limit int64) (*copies, error) {
	if dir == "" {
		return nil, errors.New("none is given")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	dir, lock, err := ownPlace(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	idle, _ := simplelru.NewLRU[string, *localCopy](math.MaxInt, nil) // fails for sizes below 1 only
	ctx, stop := context.WithCancel(context.Background())
	c := &copies{root: root, dir: dir, lock: lock, limit: limit, ctx: ctx, stop: stop,
		byName: map[string]*localCopy{}, idle: idle}
	if err := c.load(); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// ownPlace makes and locks the first numbered folder that no other process has.
func ownPlace(dir string) (string, *os.File, error) {
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return "", nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", nil, err
	}
	defer root.Close()
	for n := 0; ; n++ {
		name := strconv.Itoa(n)
		if err := root.MkdirAll(name, folderMode); err != nil {
			return "", nil, err
		}
		lock, err := lockFolder(root, name)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) {
			return filepath.Join(dir, name), lock, err
		}
	}
}

// load finds the copies of an earlier process, the longest unused first, and
// removes what it left unfinished.
func (c *copies) load() error {
	entries, err := fs.ReadDir(c.root.FS(), ".")
	if err != nil {
		return err
	}
	var found []fs.FileInfo
	for _, e := range entries {
		stat, err := e.Info()
		switch {
		case err != nil || !stat.Mode().IsRegular():
		case strings.HasPrefix(e.Name(), unfinished):
			_ = c.root.Remove(e.Name())
		case copyFile.MatchString(e.Name()):
			found = append(found, stat)
		}
	}
	slices.SortFunc(found, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, stat := range found {
		part := copyFile.FindStringSubmatch(stat.Name())
		lc := &localCopy{name: part[1], sum: part[2], ending: part[3], bytes: stat.Size()}
		if older := c.byName[lc.name]; older != nil {
			c.drop(older)
		}
		c.byName[lc.name] = lc
		c.bytes += lc.bytes
		c.idle.Add(lc.name, lc)
	}
	c.makeRoom()
	return nil
}

// close ends what is on its way and waits for it. Files in use stay.
func (c *copies) close() error {
	c.mu.Lock()
	c.stop()
	c.mu.Unlock()
	c.arrivals.Wait()
	return errors.Join(c.root.Close(), c.lock.Close())
}
