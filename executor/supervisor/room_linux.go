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
	dir       string
	ownUsers  bool
	mostBytes int64
	mostFiles int
}

// openRooms makes the folder, and empties it where an executor left one behind.
// Its name follows from the supervisor's private folder, so that each has its own.
func openRooms(cfg Config) (*rooms, error) {
	sum := sha256.Sum256([]byte(cfg.RunDir))
	r := &rooms{
		dir:       filepath.Join(prefixOf(cfg.Python), "tmp", hex.EncodeToString(sum[:8])),
		mostBytes: cfg.DiskMB * mebibyte, mostFiles: cfg.DiskFiles,
	}
	return r, errors.Join(r.close(), os.MkdirAll(r.dir, 0o711), os.Chmod(r.dir, 0o711))
}

func (r *rooms) of(user uint32) string { return filepath.Join(r.dir, strconv.Itoa(int(user))) }

// prepare makes an empty folder for the user.
func (r *rooms) prepare(user uint32) error {
	room := r.of(user)
	if err := errors.Join(os.RemoveAll(room), os.Mkdir(room, 0o700)); err != nil {
		return fmt.Errorf("prepare a folder for a run: %w", err)
	}
	if !r.ownUsers {
		return nil
	}
	return os.Chown(room, int(user), int(user))
}

// guard looks at the user's folder until the run is over, and calls when there is
// more in it than there may be.
func (r *rooms) guard(user uint32, over <-chan struct{}, call func()) {
	look := time.NewTicker(roomInterval)
	defer look.Stop()
	for {
		select {
		case <-over:
			return
		case <-look.C:
			if r.full(user) {
				call()
				return
			}
		}
	}
}

var errFull = errors.New("full")

// full also counts what cannot be looked at, and a disk without a reserve: a file
// that was removed while it is open is in no folder.
func (r *rooms) full(user uint32) bool {
	var disk unix.Statfs_t
	if err := unix.Statfs(r.of(user), &disk); err == nil && int64(disk.Bavail)*disk.Bsize < diskReserve {
		return true
	}
	var bytes int64
	files := -1 // the folder itself
	err := filepath.WalkDir(r.of(user), func(_ string, entry fs.DirEntry, err error) error {
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

// close removes the folder, and the one around it where no other executor has one.
func (r *rooms) close() error {
	err := os.RemoveAll(r.dir)
	_ = os.Remove(filepath.Dir(r.dir)) // it fails where there are others
	return err
}
