package csv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mapped is a file's content, mapped read-only. The file must not shrink while it is
// in use; sources are immutable objects and files of our own.
type mapped []byte

func mapFile(path string) (mapped, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return nil, err
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	return data, nil
}

func (m mapped) close() error {
	if m == nil {
		return nil
	}
	return unix.Munmap(m)
}

// Text is the content of a file that is not CSV as UTF-8, until release. Of the
// options it takes the encoding and the folder.
func Text(ctx context.Context, path string, opts Options) (text []byte, release func() error, err error) {
	data, err := mapFile(path)
	if err != nil {
		return nil, nil, err
	}
	text, _, ownText, err := textOf(ctx, data, opts)
	if err != nil {
		return nil, nil, errors.Join(err, data.close())
	}
	return text, func() error { return errors.Join(ownText(), data.close()) }, nil
}

// textOf is the file's content as UTF-8 without byte order mark, which is the file
// itself where it is that already. The text lasts until release.
func textOf(ctx context.Context, data mapped, opts Options) (text []byte, v verdict, release func() error, err error) {
	if len(data) == 0 {
		return nil, v, nil, parseFault("empty", 0)
	}
	if notText(data) {
		return nil, v, nil, parseFault("not_csv", 0)
	}
	if v, err = decide(ctx, data, opts.Encoding, opts.Cores); err != nil {
		return nil, v, nil, err
	}
	if v.encoding == encodingUTF8 {
		return data[v.mark:], v, func() error { return nil }, nil
	}
	m, bad, err := transcoded(ctx, filepath.Join(opts.Dir, "text.utf8"), data[v.mark:], v.encoding)
	if err == nil && bad >= 0 {
		err = v.broken(ctx, data, v.mark+bad)
	}
	return m, v, m.close, err
}
