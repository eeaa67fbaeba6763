package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// SocketName is the socket's name in the data folder.
const SocketName = "control.sock"

// ErrNotRunning tells that no Karuta listens in the data folder.
var ErrNotRunning = errors.New("control: nothing is running on this data folder")

// ErrRunning tells that a Karuta already listens in the data folder.
var ErrRunning = errors.New("control: another Karuta is running on this data folder")

// Listen opens the control socket of a data folder and replaces one that a
// killed process left behind. Nobody else can open it at any moment: it is made
// in a folder of its own and then moved to its name. Closing the listener
// removes it.
func Listen(dataDir string) (net.Listener, error) {
	if conn, err := dial(context.Background(), dataDir); err == nil {
		_ = conn.Close()
		return nil, ErrRunning
	}
	folder, err := os.MkdirTemp(dataDir, ".control-") // mode 0700
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	l, err := listenIn(folder)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l.SetUnlinkOnClose(false) // the path it knows is not where it will be
	made, path := filepath.Join(folder, SocketName), filepath.Join(dataDir, SocketName)
	if err := errors.Join(os.Chmod(made, 0o600), os.Rename(made, path)); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
	}
	return &listener{UnixListener: l, path: path}, nil
}

// listener removes its socket when it closes.
type listener struct {
	*net.UnixListener
	path string
}

func (l *listener) Close() error {
	err := os.Remove(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.UnixListener.Close())
}

// listenIn and dial go through the folder's descriptor, because the address of
// a unix socket holds 107 bytes at most and paths of folders may be longer.
func listenIn(folder string) (*net.UnixListener, error) {
	dir, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	return net.ListenUnix("unix", &net.UnixAddr{Name: viaDescriptor(dir), Net: "unix"})
}

func dial(ctx context.Context, dataDir string) (net.Conn, error) {
	dir, err := os.Open(dataDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", viaDescriptor(dir))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNotRunning
	}
	return conn, err
}

func viaDescriptor(dir *os.File) string {
	return "/proc/self/fd/" + strconv.Itoa(int(dir.Fd())) + "/" + SocketName
}
