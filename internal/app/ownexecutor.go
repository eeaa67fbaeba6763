package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/config"
)

const executorSocket = "executor.sock"

// ownExecutor is the executor that the API starts as its child. The API holds
// the sockets, so that calls made while the child starts, or starts again, wait
// instead of failing.
type ownExecutor struct {
	folder *os.File // the data folder, kept open: sockets are reached through it
	secret string
	calls  *os.File
	health *os.File
	child  *child
}

// newOwnExecutor prepares the calls' address; nothing runs yet.
func newOwnExecutor(c config.Config) (*ownExecutor, error) {
	folder, err := os.Open(c.DataDir)
	if err != nil {
		return nil, err
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails, see crypto/rand
	return &ownExecutor{folder: folder, secret: hex.EncodeToString(random)}, nil
}

// path goes through the folder's descriptor, because the address of a unix
// socket holds 107 bytes at most and paths of folders may be longer.
func (x *ownExecutor) path() string {
	return "/proc/self/fd/" + strconv.Itoa(int(x.folder.Fd())) + "/" + executorSocket
}

func (x *ownExecutor) client() *client.Client { return client.New("unix://"+x.path(), x.secret) }

// start opens the sockets and runs the child. GET /health is answered on the
// address too, which is returned: its port may be 0 for a free one.
func (x *ownExecutor) start(c config.Config, healthAddress string, log *slog.Logger) (net.Addr, error) {
	health, err := net.Listen("tcp", healthAddress)
	if err != nil {
		return nil, fmt.Errorf("executor: %w", err)
	}
	if err := errors.Join(x.listen(), x.keepHealth(health)); err != nil {
		return nil, fmt.Errorf("executor: %w", err)
	}
	x.child = &child{
		args: []string{"executor", "--inherited"}, env: executorEnvironment(os.Environ(), c), hello: x.secret + "\n",
		files: []*os.File{x.calls, x.health}, log: log, pause: firstPause,
	}
	x.child.start()
	return health.Addr(), nil
}

func (x *ownExecutor) listen() error {
	if err := os.Remove(x.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: x.path(), Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	x.calls, err = l.File()
	return errors.Join(err, l.Close(), os.Chmod(x.path(), 0o600))
}

func (x *ownExecutor) keepHealth(l net.Listener) (err error) {
	x.health, err = l.(*net.TCPListener).File()
	return errors.Join(err, l.Close())
}

// close ends the child and gives the sockets back.
func (x *ownExecutor) close() error {
	if x.child == nil {
		return x.folder.Close()
	}
	x.child.close()
	return errors.Join(x.calls.Close(), x.health.Close(), os.Remove(x.path()), x.folder.Close())
}

// What an executor may know: of the machine, and of the configuration. It is
// nothing that opens doors but the data's own; the secret comes another way.
var (
	machineVariables  = []string{"PATH", "HOME", "TMPDIR", "LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "GOMAXPROCS", "GOMEMLIMIT"}
	machineFamilies   = []string{"AWS_", "LC_"}
	executorVariables = []string{"ENV", "LOG_LEVEL", "LOG_FORMAT", "API_DEBUG", "SANDBOX", "BLOBS", "DATA_DIR"}
	executorFamilies  = []string{"EXECUTOR_", "S3_"}
)

// executorEnvironment is all that an executor gets to see of the environment.
func executorEnvironment(environ []string, c config.Config) []string {
	var picked []string
	for _, line := range environ {
		if name, _, _ := strings.Cut(line, "="); among(name, machineVariables, machineFamilies) {
			picked = append(picked, line)
		}
	}
	secrets := map[string]config.Secret{"S3_ACCESS_KEY": c.S3AccessKey, "S3_SECRET_KEY": c.S3SecretKey, "EXECUTOR_SECRET": ""}
	for _, row := range c.Table() {
		value := row.Value
		if s, secret := secrets[row.Name]; secret {
			value = s.Reveal()
		}
		if value != "" && among(row.Name, executorVariables, executorFamilies) {
			picked = append(picked, row.Name+"="+value)
		}
	}
	return picked
}

func among(name string, names, families []string) bool {
	return slices.Contains(names, name) ||
		slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(name, f) })
}
