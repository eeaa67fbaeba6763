package blob

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// workFolder holds the workspaces. No key can name it.
const workFolder = "~work"

// workspace is a process's own part of the directory, for files that have no
// key yet and for second names of those that have one. It is locked while its
// process lives, so whatever lies in an unlocked one is of nobody.
type workspace struct {
	root *os.Root
	name string
	lock *os.File // of the folder itself
}

// openWorkspace makes a workspace and removes those of processes that are gone.
func openWorkspace(root *os.Root) (*workspace, error) {
	if err := root.MkdirAll(workFolder, folderMode); err != nil {
		return nil, err
	}
	if err := sweepWorkspaces(root); err != nil {
		return nil, err
	}
	for {
		w := &workspace{root: root, name: path.Join(workFolder, rand.Text())}
		if err := root.Mkdir(w.name, folderMode); err != nil {
			return nil, err
		}
		var err error
		if w.lock, err = lockFolder(root, w.name); err == nil {
			if _, err = root.Stat(w.name); err == nil {
				return w, nil
			}
			_ = w.lock.Close()
		}
		// Another process opens the directory just now and took the workspace
		// for one that was left behind: it was not locked yet.
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, err
		}
	}
}

// newName is the path of a file in the workspace that does not exist yet.
func (w *workspace) newName() string { return path.Join(w.name, rand.Text()) }

func (w *workspace) close() error {
	return errors.Join(w.root.RemoveAll(w.name), w.lock.Close())
}

func sweepWorkspaces(root *os.Root) error {
	all, err := fs.ReadDir(root.FS(), workFolder)
	if err != nil {
		return err
	}
	for _, entry := range all {
		name := path.Join(workFolder, entry.Name())
		lock, err := lockFolder(root, name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EWOULDBLOCK) {
			continue // another process sweeps too, or works in it
		}
		if err != nil {
			return err
		}
		if err := errors.Join(root.RemoveAll(name), lock.Close()); err != nil {
			return err
		}
	}
	return nil
}

// lockFolder takes the folder's lock, which ends with the file or the process.
func lockFolder(root *os.Root, name string) (*os.File, error) {
	folder, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = folder.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return folder, nil
}
