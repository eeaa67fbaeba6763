package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

const (
	folderMode = 0o700
	fileMode   = 0o600
)

// Folder keeps objects as files below one directory. It is safe for many
// goroutines, and several processes may have the same directory open. A key
// cannot be the folder of another key: a Put that would make it one fails with
// [ErrBadKey]. The file system must know hard links.
type Folder struct {
	root *os.Root
	work *workspace

	mu   sync.Mutex
	held map[string]int // users by second name
}

var _ Store = (*Folder)(nil)

// OpenFolder opens the directory and creates it where it does not exist. It
// removes what killed processes left half written.
func OpenFolder(dir string) (*Folder, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	if err := os.MkdirAll(path, folderMode); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	work, err := openWorkspace(root)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("blob: %w", err), root.Close())
	}
	return &Folder{root: root, work: work, held: map[string]int{}}, nil
}

// Close releases the directory. Paths from [Folder.Local] end with it.
func (f *Folder) Close() error { return errors.Join(f.work.close(), f.root.Close()) }

// Get implements [Store].
func (f *Folder) Get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if err := begin(ctx, key); err != nil {
		return nil, Info{}, err
	}
	if _, err := f.stat(key); err != nil {
		return nil, Info{}, err
	}
	file, err := f.root.Open(key)
	if err != nil {
		return nil, Info{}, missing(key, err)
	}
	stat, err := file.Stat() // it may have been replaced since
	if err != nil {
		_ = file.Close()
		return nil, Info{}, missing(key, err)
	}
	return file, infoOf(key, stat), nil
}

// Head implements [Store].
func (f *Folder) Head(ctx context.Context, key string) (Info, error) {
	if err := begin(ctx, key); err != nil {
		return Info{}, err
	}
	stat, err := f.stat(key)
	if err != nil {
		return Info{}, err
	}
	return infoOf(key, stat), nil
}

// stat finds the object's file; [ErrNotFound] when there is none. A link is no
// object.
func (f *Folder) stat(key string) (fs.FileInfo, error) {
	stat, err := f.root.Lstat(key)
	if err == nil && !stat.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	return stat, missing(key, err)
}

// begin refuses a call whose key is bad or whose context is over.
func begin(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return ctx.Err()
}

// missing gives an error of the file system the port's own name.
func missing(key string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	return fmt.Errorf("blob: %s: %w", key, err)
}

func infoOf(key string, stat fs.FileInfo) Info {
	return Info{Key: key, Bytes: stat.Size(), Modified: stat.ModTime()}
}
