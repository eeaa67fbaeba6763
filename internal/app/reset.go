package app

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/table/embedded"
)

// Why data is not erased.
var (
	ErrResetLocal   = errors.New("data reset is for ENV=local alone")
	ErrResetRemote  = errors.New("data reset erases a data folder; with STORE=dynamodb or BLOBS=s3 the data is not in it")
	ErrResetRunning = errors.New("a Karuta is running on this data folder; stop it first")
)

// Reset erases what Karuta keeps in the data folder: all data, the local
// secrets, and with them every sign-in. It tells what it removed.
func Reset(c config.Config) (removed []string, err error) {
	switch {
	case c.Env != config.Local:
		return nil, ErrResetLocal
	case c.Store != "embedded" || c.Blobs != "folder":
		return nil, ErrResetRemote
	}
	file := filepath.Join(c.DataDir, tableFile)
	if _, err := os.Stat(file); err == nil {
		tables, err := embedded.Open(file) // nobody else has it while we do
		if errors.Is(err, embedded.ErrInUse) {
			return nil, ErrResetRunning
		}
		if err == nil { // a broken file is no reason to keep it
			defer func() { _ = tables.Close() }()
		}
	}
	for _, name := range []string{tableFile, blobFolder, spoolFolder, cacheFolder, runFolder, secretsFolder, markerOfDemo} {
		path := filepath.Join(c.DataDir, name)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return removed, err
		}
		removed = append(removed, path)
	}
	return removed, nil
}
