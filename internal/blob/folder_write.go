package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	copyBuffer = 256 << 10
	// placeTries is how often a Put makes its folders again after a Delete took
	// them away empty.
	placeTries = 100
)

// Put implements [Store].
func (f *Folder) Put(ctx context.Context, key string, r io.Reader) (Info, error) {
	return f.write(ctx, key, r, f.root.Rename)
}

// PutNew implements [Store].
func (f *Folder) PutNew(ctx context.Context, key string, r io.Reader) (Info, error) {
	return f.write(ctx, key, r, f.root.Link)
}

// write gives the bytes a file of no key first; only when they are all on disk
// does move give it the key's name, at one stroke.
func (f *Folder) write(ctx context.Context, key string, r io.Reader, move func(from, to string) error) (Info, error) {
	if err := begin(ctx, key); err != nil {
		return Info{}, err
	}
	name := f.work.newName()
	defer func() { _ = f.root.Remove(name) }() // gone already after a Rename
	stat, err := f.fill(ctx, name, r)
	if err != nil {
		return Info{}, fmt.Errorf("blob: write %s: %w", key, err)
	}
	if err := f.place(name, key, move); err != nil {
		return Info{}, err
	}
	if err := f.syncFolders(key); err != nil {
		return Info{}, fmt.Errorf("blob: write %s: %w", key, err)
	}
	return infoOf(key, stat), nil
}

// fill writes all bytes to a new file, on disk when it returns.
func (f *Folder) fill(ctx context.Context, name string, r io.Reader) (fs.FileInfo, error) {
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return nil, err
	}
	// Hidden, so that the copy goes through our buffer and sees the context.
	to := struct{ io.Writer }{file}
	_, err = io.CopyBuffer(to, contextReader{ctx, r}, make([]byte, copyBuffer))
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = file.Sync()
	}
	stat, statErr := file.Stat()
	return stat, errors.Join(err, statErr, file.Close())
}

// place gives a file the key's name.
func (f *Folder) place(name, key string, move func(from, to string) error) error {
	var err error
	for range placeTries {
		if err = f.root.MkdirAll(path.Dir(key), folderMode); err == nil {
			if err = move(name, key); err == nil {
				return nil
			}
			if f.isFolder(key) {
				if f.removeFolder(key) != nil {
					return fmt.Errorf("%w: %s is the folder of other objects", ErrBadKey, key)
				}
				continue
			}
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%w: %s", ErrExists, key)
			}
		}
		// MkdirAll says that a folder exists, too, where it was taken away since.
		blocked := errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist)
		switch {
		case blocked && f.isBelowObject(key):
			return fmt.Errorf("%w: a folder of %s is an object", ErrBadKey, key)
		case !blocked && !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("blob: write %s: %w", key, err)
		}
	}
	return fmt.Errorf("blob: write %s: %w", key, err)
}

func (f *Folder) isFolder(key string) bool {
	stat, err := f.root.Lstat(key)
	return err == nil && stat.IsDir()
}

// isBelowObject says whether what has the name of one of the key's folders is
// none.
func (f *Folder) isBelowObject(key string) bool {
	for folder := path.Dir(key); folder != "."; folder = path.Dir(folder) {
		if stat, err := f.root.Lstat(folder); err == nil && !stat.IsDir() {
			return true
		}
	}
	return false
}

// Delete implements [Store].
func (f *Folder) Delete(ctx context.Context, key string) error {
	if err := begin(ctx, key); err != nil {
		return err
	}
	err := f.unlink(key, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), f.isFolder(key):
		return nil
	case err != nil:
		return fmt.Errorf("blob: delete %s: %w", key, err)
	}
	for folder := path.Dir(key); folder != "."; folder = path.Dir(folder) {
		if f.removeFolder(folder) != nil {
			break // not empty
		}
	}
	if err := f.syncFolders(key); err != nil {
		return fmt.Errorf("blob: delete %s: %w", key, err)
	}
	return nil
}

// removeFolder removes an empty folder and nothing else: by now an object may
// have its name.
func (f *Folder) removeFolder(name string) error { return f.unlink(name, unix.AT_REMOVEDIR) }

// unlink removes a file, or with AT_REMOVEDIR an empty folder. [os.Root.Remove]
// removes either.
func (f *Folder) unlink(name string, flags int) error {
	folder, err := f.root.Open(path.Dir(name))
	if err != nil {
		return err
	}
	defer folder.Close()
	return unix.Unlinkat(int(folder.Fd()), path.Base(name), flags)
}

// syncFolders makes the key's name, and those of its folders, as durable as the
// object's bytes. A folder that is gone by now held nothing.
func (f *Folder) syncFolders(key string) error {
	for name := key; name != "."; {
		name = path.Dir(name)
		folder, err := f.root.Open(name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
			return err
		}
	}
	return nil
}
