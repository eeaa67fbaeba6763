package supervisor

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	roomInterval = 100 * time.Millisecond // between looks at what a run has written
	diskReserve  = 256 << 20              // bytes that every disk keeps free of what runs write
)

// rooms is the folder with the folders in which runs may write, each of its
// user's own. Within the Python folder, because that is all that a run can reach.
type rooms struct {
	dir      string
	ownUsers bool
}

// openRooms makes the folder, and empties it where an executor left one behind.
// Its name follows from the supervisor's private folder, so that each has its own.
func openRooms(cfg Config) (*rooms, error) {
	sum := sha256.Sum256([]byte(cfg.RunDir))
	r := &rooms{dir: filepath.Join(prefixOf(cfg.Python), "tmp", hex.EncodeToString(sum[:8]))}
	return r, errors.Join(r.close(), os.MkdirAll(r.dir, 0o711), os.Chmod(r.dir, 0o711))
}

func (r *rooms) of(user uint32) string { return filepath.Join(r.dir, strconv.Itoa(int(user))) }

// prepare makes an empty folder for the user.
func (r *rooms) prepare(user uint32) error {
	room := r.of(user)
	if err := errors.Join(remove(room), os.Mkdir(room, 0o700)); err != nil {
		return fmt.Errorf("prepare a folder for a run: %w", err)
	}
	if !r.ownUsers {
		return nil
	}
	return os.Chown(room, int(user), int(user))
}

// remove removes a folder with all that is in it, also what a run has made so that
// not even the folders' owner may list it: it must not be kept from the next run.
func remove(room string) error {
	if os.RemoveAll(room) == nil {
		return nil
	}
	_ = filepath.WalkDir(room, func(path string, entry fs.DirEntry, _ error) error {
		if entry != nil && entry.IsDir() { // it is called before the folder is listed
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(room)
}

// room is one run's folder, as it is watched.
type room struct {
	dir       string
	pid       int // of the run
	mostBytes int64
	mostFiles int
}

// guard looks at the folder until the run is over, and calls when there is more in
// it than there may be.
func (r *room) guard(over <-chan struct{}, call func()) {
	look := time.NewTicker(roomInterval)
	defer look.Stop()
	for {
		select {
		case <-over:
			return
		case <-look.C:
			if r.full() {
				call()
				return
			}
		}
	}
}

var errFull = errors.New("full")

// full also is a folder that cannot be looked at, and a disk without a reserve.
func (r *room) full() bool {
	var disk unix.Statfs_t
	if err := unix.Statfs(r.dir, &disk); err == nil && int64(disk.Bavail)*disk.Bsize < diskReserve {
		return true
	}
	bytes, files := r.removed(), -1 // the folder itself is none
	err := filepath.WalkDir(r.dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil {
			var info fs.FileInfo
			if info, err = entry.Info(); err == nil {
				bytes += info.Sys().(*syscall.Stat_t).Blocks * 512
			}
		}
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			return nil
		}
		if files++; bytes > r.mostBytes || files > r.mostFiles {
			return errFull
		}
		return err
	})
	return err != nil
}

// removed is how many bytes the run holds in files that are in no folder any more.
// Containers may not look; there the reserve alone is kept.
func (r *room) removed() (bytes int64) {
	var at, file syscall.Stat_t
	if syscall.Stat(r.dir, &at) != nil {
		return 0
	}
	open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", r.pid))
	for _, path := range open {
		if syscall.Stat(path, &file) == nil && file.Nlink == 0 && file.Dev == at.Dev {
			bytes += file.Blocks * 512
		}
	}
	return bytes
}

// close removes the folder, and the one around it where no other executor has one.
func (r *rooms) close() error {
	err := remove(r.dir)
	_ = os.Remove(filepath.Dir(r.dir)) // it fails where there are others
	return err
}
