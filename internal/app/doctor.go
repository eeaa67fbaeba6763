package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table/embedded"
	"github.com/karuta-bi/karuta/server/control"
)

// CheckStatus is how something is doing that the doctor looked at.
type CheckStatus string

// The states of a check.
const (
	CheckOK   CheckStatus = "ok"
	CheckWarn CheckStatus = "warn" // it works, and should be looked at
	CheckFail CheckStatus = "fail"
)

// Check is what the doctor found out about one thing, and what to do about it.
type Check struct {
	Name   string      `json:"name"`
	Status CheckStatus `json:"status"`
	Found  string      `json:"found"`
	Fix    string      `json:"fix,omitempty"`
}

const (
	leastSpace  = 1 << 30         // bytes that a data folder should have left
	mostSkew    = 5 * time.Second // between two clocks; signatures of calls end after a while
	doctorWait  = time.Minute     // a Python that is cold takes its time
	doctorProbe = "doctor/probe"  // object that is written, read and deleted
)

// Doctor looks at everything that Karuta needs. A Karuta that runs on the data
// folder looks for itself; without one, what can be opened is.
func Doctor(ctx context.Context, c config.Config, log *slog.Logger) []Check {
	checks := []Check{good("configuration", "every setting can be followed; ENV="+string(c.Env)), folderCheck(c.DataDir), pythonCheck(ctx, c)}
	var inside []Check
	err := control.Call(ctx, c.DataDir, VerbDoctor, struct{}{}, nil, &inside)
	switch {
	case err == nil:
		return append(append(checks, good("server", "it runs and answers")), inside...)
	case !errors.Is(err, control.ErrNotRunning):
		return append(checks, bad("server", err, "run the doctor as the user whose server this is, or restart the server"))
	}
	checks = append(checks, Check{"server", CheckWarn, "it does not run", "start it: karuta serve"}, portCheck(c))
	a, err := Open(ctx, c, log)
	if err != nil {
		fix := "see docs/operations.md: the data folder, STORE, BLOBS and their servers"
		if errors.Is(err, embedded.ErrInUse) {
			fix = "another process has the data open: wait for it or end it"
		}
		return append(checks, bad("stores", err, fix))
	}
	if err := a.StartExecutor(""); err != nil {
		checks = append(checks, bad("executor", err, "see the log"))
	}
	checks = append(checks, a.examine(core.AsSystem(ctx, "operator"))...)
	if err := a.Close(); err != nil {
		checks = append(checks, bad("end", err, "see the log"))
	}
	return checks
}

func (a *App) doctor(ctx context.Context, _ struct{}) ([]Check, error) { return a.examine(ctx), nil }

// examine looks at what only an opened Karuta reaches.
func (a *App) examine(ctx context.Context) []Check {
	ctx, cancel := context.WithTimeout(ctx, doctorWait)
	defer cancel()
	checks := []Check{a.tableCheck(ctx), a.blobCheck(ctx), a.auditCheck()}
	checks = append(checks, a.executorChecks(ctx)...)
	if a.OIDC != nil {
		checks = append(checks, a.oidcCheck(ctx))
	}
	if a.own == nil {
		checks = append(checks, clockCheck(ctx, a.Config.ExecutorEndpoint))
	}
	return checks
}

func good(name, found string) Check { return Check{Name: name, Status: CheckOK, Found: found} }

func bad(name string, err error, fix string) Check { return Check{name, CheckFail, err.Error(), fix} }

// folderCheck writes into the data folder and looks at the room that is left.
func folderCheck(dir string) Check {
	const name = "data folder"
	dir, err := prepareDataDir(dir)
	if err != nil {
		return bad(name, err, "make the folder, or name another with --data-dir")
	}
	f, err := os.CreateTemp(dir, "doctor-")
	if err != nil {
		return bad(name, err, "give the folder to the user who runs Karuta: chown -R, chmod 700")
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return bad(name, err, "look at the disk")
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return bad(name, err, "look at the disk")
	}
	left := int64(fs.Bavail) * int64(fs.Bsize)
	found := fmt.Sprintf("%s can be written, %d MB left", dir, left>>20)
	if left < leastSpace {
		return Check{name, CheckWarn, found, "make room: imports need about as much again as their file"}
	}
	return good(name, found)
}

// pythonCheck asks the prepared Python for its version and libraries.
func pythonCheck(ctx context.Context, c config.Config) Check {
	const name = "python"
	self, err := os.Executable()
	if err != nil {
		return bad(name, err, "start karuta by its path")
	}
	path := pythonPath(c, self)
	if _, err := os.Stat(path); err != nil {
		if c.Given("EXECUTOR_ENDPOINT") {
			return good(name, "it is where the executor is, not here")
		}
		return bad(name, err, "tools/python/install.sh makes it, or name it in EXECUTOR_PYTHON")
	}
	const program = "import platform, importlib.metadata as m; print(platform.python_version(), *(n + ' ' + m.version(n) for n in ('pandas', 'numpy', 'pyarrow', 'plotly', 'matplotlib', 'seaborn')), sep=', ')"
	cmd := exec.CommandContext(ctx, path, "-I", "-c", program)
	cmd.Env = []string{"LD_LIBRARY_PATH=" + filepath.Join(filepath.Dir(filepath.Dir(path)), "lib")}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return bad(name, fmt.Errorf("%w: %s", err, bytes.TrimSpace(out)), "make it again: tools/python/install.sh")
	}
	return good(name, strings.TrimSpace(string(out)))
}

// portCheck tells whether the API could listen.
func portCheck(c config.Config) Check {
	l, err := net.Listen("tcp", net.JoinHostPort(c.APIHost, strconv.Itoa(c.APIPort)))
	if err != nil {
		return bad("port", err, "end what listens there, or name another API_PORT")
	}
	defer func() { _ = l.Close() }()
	return good("port", l.Addr().String()+" is free")
}

func (a *App) tableCheck(ctx context.Context) Check {
	all, err := a.Store.Engine().Tables(ctx)
	if err != nil {
		return bad("tables", err, "look at the store: STORE, DYNAMODB_ENDPOINT, the task's role")
	}
	var wrong []string
	for _, t := range all {
		if !t.Exists || len(t.Diffs) > 0 {
			wrong = append(wrong, t.Name)
		}
	}
	if len(wrong) > 0 {
		return Check{"tables", CheckFail, "missing or different: " + strings.Join(wrong, ", "), "karuta tables init makes what is missing, karuta tables verify tells what differs"}
	}
	return good("tables", fmt.Sprintf("all %d are as they should be", len(all)))
}

// blobCheck writes, reads and deletes an object.
func (a *App) blobCheck(ctx context.Context) Check {
	const fix = "look at BLOBS, S3_BUCKET_DATASETS and the task's role: it needs to read, write and delete"
	key := doctorProbe + "-" + core.NewID("job")
	_, err := a.Blobs.Put(ctx, key, strings.NewReader("probe"))
	if err != nil {
		return bad("blobs", err, fix)
	}
	body, _, err := a.Blobs.Get(ctx, key)
	if err == nil {
		var text []byte
		if text, err = io.ReadAll(body); err == nil && string(text) != "probe" {
			err = errors.New("an object is not read as it was written")
		}
		err = errors.Join(err, body.Close())
	}
	if err = errors.Join(err, a.Blobs.Delete(ctx, key)); err != nil {
		return bad("blobs", err, fix)
	}
	return good("blobs", "an object was written, read and deleted")
}

func (a *App) auditCheck() Check {
	if err := a.Audit.Ready(); err != nil {
		return bad("audit log", err, "look at the store and at the room for audit-spool in the data folder")
	}
	return good("audit log", "events are taken")
}

// executorChecks tell what holds people's code back, layer by layer.
func (a *App) executorChecks(ctx context.Context) []Check {
	h, err := a.Executor.Health(ctx, true)
	if err != nil {
		return []Check{bad("executor", err, "start it, and look at EXECUTOR_ENDPOINT and EXECUTOR_SECRET")}
	}
	checks := []Check{good("executor", fmt.Sprintf("it answers; %d run, %d wait", h.Running, h.Queued)), gradeCheck(h)}
	if h.Limits != nil {
		found := []string{fmt.Sprintf("%d runs at once, %d MB each, %d MB together", h.Limits.Slots, h.Limits.MemoryMB, h.Limits.ContainerMB)}
		checks = append(checks, good("limits", strings.Join(append(found, h.Limits.Cut...), "; ")))
	}
	for _, l := range h.Isolation {
		checks = append(checks, layerCheck(l))
	}
	return checks
}

func gradeCheck(h *client.Health) Check {
	switch h.Grade {
	case client.GradeRefused:
		return Check{"sandbox", CheckFail, "no Python runs: " + h.Reason, "mend the layer that fails below, or the Python folder; docs/security.md says what each needs"}
	case client.GradeRelaxed:
		return Check{"sandbox", CheckWarn, "SANDBOX=relaxed: people's Python runs whichever layers hold", "set SANDBOX=strict"}
	}
	return good("sandbox", "strict: every layer that is required holds")
}

func layerCheck(l client.Layer) Check {
	c := Check{Name: "sandbox: " + l.Name, Status: CheckOK, Found: l.Mechanism}
	switch {
	case !l.Holds && l.Required:
		c.Status, c.Found, c.Fix = CheckFail, l.Detail, "see the table of layers in docs/security.md"
	case !l.Holds:
		c.Found = strings.TrimPrefix(l.Detail+"; not required", "; ")
	}
	return c
}

// clockCheck compares our clock with that of a separate executor, which refuses
// calls that seem old.
func clockCheck(ctx context.Context, endpoint string) Check {
	const name = "clocks"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(endpoint, "/")+client.PathHealth, nil)
	if err != nil {
		return bad(name, err, "look at EXECUTOR_ENDPOINT")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return bad(name, err, "start the executor, and look at EXECUTOR_ENDPOINT")
	}
	_ = resp.Body.Close()
	theirs, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return bad(name, err, "look at what answers at EXECUTOR_ENDPOINT")
	}
	if skew := time.Since(theirs).Abs(); skew > mostSkew {
		return Check{name, CheckFail, fmt.Sprintf("the executor's clock is %s off", skew.Round(time.Second)), "set both clocks by the same time server"}
	}
	return good(name, "the executor's clock agrees")
}
