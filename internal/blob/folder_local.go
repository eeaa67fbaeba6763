package blob

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"
)

// Local implements [Store]. The path is a second name of the object's own file
// (a hard link), so it stays valid, bytes unchanged, when any process deletes
// or replaces the object. As long as the object is the same, so is the path.
func (f *Folder) Local(ctx context.Context, key string) (string, func(), error) {
	if err := begin(ctx, key); err != nil {
		return "", nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	name, err := f.hold(key)
	if err != nil {
		return "", nil, err
	}
	return filepath.Join(f.root.Name(), name), sync.OnceFunc(func() { f.release(name) }), nil
}

// hold gives the object its second name unless it has one already.
func (f *Folder) hold(key string) (string, error) {
	for {
		stat, err := f.stat(key)
		if err != nil {
			return "", err
		}
		name := f.secondName(key, stat)
		if f.held[name] == 0 {
			if err := f.root.Link(key, name); err != nil {
				return "", missing(key, err)
			}
			linked, err := f.root.Lstat(name)
			if err != nil || !os.SameFile(stat, linked) { // replaced since stat
				_ = f.root.Remove(name)
				continue
			}
		}
		f.held[name]++
		return name, nil
	}
}

// secondName is a path in the workspace for the object's file.
func (f *Folder) secondName(key string, stat fs.FileInfo) string {
	sum := sha256.Sum256([]byte(key))
	inode := stat.Sys().(*syscall.Stat_t).Ino
	return path.Join(f.work.name, fmt.Sprintf("%x-%x%s", sum[:12], inode, endingOf(key)))
}

func (f *Folder) release(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held[name]--; f.held[name] == 0 {
		delete(f.held, name)
		_ = f.root.Remove(name) // fails after Close, which removed it
	}
}
