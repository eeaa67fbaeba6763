package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// target is a kind of process that is killed.
type target string

const (
	theAPI      target = "API"
	theExecutor target = "executor"
	aWorker     target = "engine worker"
	aZygote     target = "zygote"
	aRun        target = "run"
)

var targets = []target{theAPI, theExecutor, aWorker, aZygote, aRun}

// killed is how many processes the test kills.
func killed() int {
	if os.Getenv("KARUTA_LONG") != "" {
		return 200
	}
	return 8
}

// Whatever is killed at whatever moment: no version is half, nothing stays
// running, nothing is left over, and each job and each run says what became of it.
func TestNoKillLeavesAHalf(t *testing.T) {
	apptest.NeedsPython(t)
	k := &killer{t: t, random: rand.New(rand.NewPCG(testkit.Seed(t), 5)), dir: t.TempDir(), counts: map[target]int{}}
	k.serve()
	w := newWorkshop(t, k.p)
	w.begin()
	for n := range killed() {
		k.kill(n)
		w.at(k.p.url)
	}
	w.end()
	t.Logf("killed %v; %s", k.counts, w.figures())
	w.checkAnswers()
	w.checkFiles(k.dir, k.stop())
}

// killer has a Karuta and kills its processes.
type killer struct {
	t      *testing.T
	random *rand.Rand
	dir    string
	p      *process
	deck   []target // what is killed next
	counts map[target]int
}

func (k *killer) serve() {
	k.t.Helper()
	k.p = serveIn(k.t, k.dir, []string{"LOG_LEVEL=WARN"})
}

// kill kills one process at a random moment, of each kind as often as of any other.
// An API that was killed is started again.
func (k *killer) kill(n int) {
	k.t.Helper()
	if len(k.deck) == 0 {
		k.deck = append(k.deck, targets...)
		k.random.Shuffle(len(k.deck), func(i, j int) { k.deck[i], k.deck[j] = k.deck[j], k.deck[i] })
	}
	what := k.deck[0]
	k.deck = k.deck[1:]
	time.Sleep(time.Duration(k.random.IntN(1200)) * time.Millisecond) // the moment is what is tried
	if what == theAPI {
		k.counts[what]++
		_ = k.p.cmd.Process.Kill()
		_ = k.p.wait()
		k.serve()
		return
	}
	until(k.t, func() bool { return k.killOne(what) })
	k.counts[what]++
}

// killOne kills a process of the kind where there is one.
func (k *killer) killOne(what target) bool {
	all := below(k.p.cmd.Process.Pid, "")
	var found []live
	for _, l := range all {
		if l.kind == what {
			found = append(found, l)
		}
	}
	sent := len(found) > 0 && unix.PidfdSendSignal(found[k.random.IntN(len(found))].fd, unix.SIGKILL, nil, 0) == nil
	for _, l := range all {
		_ = unix.Close(l.fd)
	}
	return sent
}

// stop ends the Karuta as its operator does, and gives all processes that it had.
func (k *killer) stop() []live {
	k.t.Helper()
	all := descendants(k.t, k.p.cmd.Process.Pid)
	if err := k.p.cmd.Process.Signal(unix.SIGTERM); err != nil {
		k.t.Fatal(err)
	}
	if err := k.p.wait(); err != nil {
		k.t.Errorf("the end: %v", err)
	}
	return all
}

// kindOf tells what a process is, by its command line and by what started it.
func kindOf(name string, parent target) target {
	switch {
	case strings.Contains(name, "executor --inherited"):
		return theExecutor
	case parent == theExecutor && strings.HasSuffix(name, " worker "):
		return aWorker
	case parent == theExecutor && strings.Contains(name, "python"):
		return aZygote
	case parent == aZygote:
		return aRun
	}
	return ""
}

// strays are the processes of this machine that were started for the data folder:
// each has the folder's path in its environment.
func strays(dir string) (found []string) {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		environ, _ := os.ReadFile("/proc/" + entry.Name() + "/environ")
		if strings.Contains(string(environ), dir+"/") {
			cmdline, _ := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
			found = append(found, fmt.Sprintf("%s %q", entry.Name(), cmdline))
		}
	}
	return found
}
