package blob

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
)

// List implements [Store].
func (f *Folder) List(ctx context.Context, prefix string, each func(Info) error) error {
	if err := checkPrefix(prefix); err != nil {
		return err
	}
	folder, last := splitPrefix(prefix)
	return f.walk(ctx, folder, last, each)
}

// walk visits the objects of a folder, "" the whole, whose next segment begins
// with start.
func (f *Folder) walk(ctx context.Context, folder, start string, each func(Info) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := f.entries(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), start) || !plain(e.Name()) {
			continue
		}
		key := e.Name()
		if folder != "" {
			key = folder + "/" + key
		}
		if e.IsDir() {
			err = f.walk(ctx, key, "", each)
		} else {
			err = f.visit(ctx, key, e, each)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// visit shows an object unless it was deleted meanwhile.
func (f *Folder) visit(ctx context.Context, key string, e fs.DirEntry, each func(Info) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	stat, err := e.Info()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("blob: list %s: %w", key, err)
	case !stat.Mode().IsRegular():
		return nil
	}
	return each(infoOf(key, stat))
}

// entries are a folder's entries in the order of the keys they stand for: a
// folder's keys go on with a slash.
func (f *Folder) entries(folder string) ([]fs.DirEntry, error) {
	name := cmp.Or(folder, ".")
	dir, err := f.root.Open(name)
	if err == nil {
		defer dir.Close()
		var entries []fs.DirEntry
		if entries, err = dir.ReadDir(-1); err == nil {
			slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(sortName(a), sortName(b)) })
			return entries, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	return nil, fmt.Errorf("blob: list %s: %w", name, err)
}

func sortName(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}
