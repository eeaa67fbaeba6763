// Package guest holds the Python side of a run: the zygote that is forked for
// every card, and what a forked child does before and after it runs people's
// code. The binary carries it; nothing of it lies on disk.
package guest

import (
	"archive/zip"
	"bytes"
	"embed"
)

//go:embed __main__.py karuta.py karuta_guest/*.py
var sources embed.FS

// Archive is the guest's code as a zip file that the interpreter can run.
func Archive() ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	if err := w.AddFS(sources); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}

// Canary is the card that attacks the sandbox, see canary.py.
func Canary() string { return canary }

//go:embed canary.py
var canary string
