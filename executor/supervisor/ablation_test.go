//go:build linux

package supervisor

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ablation is a layer that is switched off, and what then gets through. A probe
// does no harm where it succeeds: it aims at canaries, or at itself, and runs in
// PID and IPC namespaces of its own.
type ablation struct {
	layer  string
	off    layers
	beside layers   // off in both runs, because it holds the same
	probes []attack // name and code alone; held with the layer, "got …" without it
}

// ablations are by the layers' names in docs/security.md. For the watchdog and the
// process of each run see the functions of those names.
var ablations = []ablation{
	{"syscalls", layerSeccomp, 0, []attack{
		{name: "TCP", code: "return socket.create_connection(('127.0.0.1', P['tcp']), 5)"},
		{name: "UDP", code: "return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', P['udp']))"},
		{name: "HTTP", code: "import urllib.request\nreturn urllib.request.urlopen(P['web'], timeout=5).status"},
		{name: "sockets of one machine", code: "return socket.socketpair()"},
		{name: "netlink", code: "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"},
		{name: "fork", code: "pid = os.fork()\nif pid == 0: os._exit(0)\nreturn os.waitpid(pid, 0)"},
		{name: "process that leaves its group", code: "pid = os.fork()\nif pid == 0:\n    os.setsid()\n    os._exit(0)\nreturn os.waitpid(pid, 0)"},
		{name: "machine code of its own", code: `
memory = mmap.mmap(-1, PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)
memory.write({'x86_64': b'\xb8\x2a\0\0\0\xc3', 'aarch64': b'\x40\x05\x80\x52\xc0\x03\x5f\xd6'}[os.uname().machine])
return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()`},
		{name: "shared memory", code: "return mmap.mmap(-1, PAGE, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)"},
		{name: "memory file", code: "return os.memfd_create('x')"},
		{name: "pipe", code: "return os.pipe()"},
		{name: "tracing", code: "pid = os.fork()\nif pid == 0:\n    call('ptrace', 0)\n    os._exit(0)\nstatus = os.waitpid(pid, 0)[1]\nassert status == 0\nreturn status"},
		{name: "reading of another process", code: `
kept = ctypes.create_string_buffer(b'secret')
pid = os.fork()
if pid == 0: os._exit(0 if call('process_vm_readv', os.getpid(), bytes(16), 0, bytes(16), 0) == 0 else 1)
assert os.waitpid(pid, 0)[1] == 0
return 0`},
		{name: "signals", code: "return os.kill(os.getpid(), 0)"},
		{name: "readable memory", code: "return call('prctl', 4, 1)"},
		{name: "key ring", code: "return call('keyctl', 0, -3, 1) and 'a ring'"},
		{name: "change of folder", code: "return os.chdir('/lib')"},
	}},
	{"files", layerChroot, 0, []attack{
		{name: "file that everybody may read", code: "return open(P['secret']).read()"},
		{name: "settings", code: "return open(P['dir'] + '/.env').read()"},
		{name: "list of a folder", code: "return os.listdir(P['dir'])"},
		{name: "users", code: "return len(open('/etc/passwd').read())"},
		{name: "command line of the first process", code: "return len(open('/proc/1/cmdline').read())"},
		{name: "whether files are there", code: "os.stat(P['secret'])\nreturn True"},
	}},
	{"user", layerOwnUser, layerChroot, []attack{
		{name: "being the executor's user", code: "assert os.getuid() < 61000\nreturn os.getuid()"},
		{name: "file of the executor's user alone (without `files` too)", code: "return open(P['private']).read()"},
	}},
	{"limits", layerLimits, 0, []attack{
		{name: "2 GiB of address space", code: "return len(mmap.mmap(-1, 2 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000))"},
		{name: "more than 128 descriptors", code: "return len([os.dup(0) for _ in range(200)])"},
		{name: "more than 64 threads", code: `
stop, threads = threading.Event(), []
try:
    for _ in range(70):
        threads.append(threading.Thread(target=stop.wait))
        threads[-1].start()
finally: stop.set()
return len(threads)`},
		{name: "processor time without end", code: "import resource\nassert resource.getrlimit(resource.RLIMIT_CPU)[0] == resource.RLIM_INFINITY\nreturn True"},
		{name: "dumps of memory", code: "import resource\nassert resource.getrlimit(resource.RLIMIT_CORE)[1] != 0\nreturn True"},
	}},
}

// laboratory is a zygote without a network of its own, in which layers can be
// switched off one by one.
type laboratory struct {
	s    *Supervisor
	z    *zygote
	b    *bait
	base layers // all but Landlock, which some machines have: it holds files and TCP a second time
}

func newLaboratory(t *testing.T) *laboratory {
	t.Helper()
	if plainUser() {
		t.Skip("not run here: without root there are no namespaces that keep a probe to itself")
	}
	s := shared(t)
	z, err := spawn(s.cfg, s.guest, s.program, nil, syscall.CLONE_NEWPID|syscall.CLONE_NEWIPC)
	if err != nil {
		t.Skip("not run here: ", err)
	}
	t.Cleanup(func() { z.kill(); <-z.gone })
	if err := z.warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	go z.listen()
	return &laboratory{s, z, newBait(t), z.layers &^ layerLandlock}
}

// run runs a card behind a set of layers; the slot's user is none of the others'.
func (l *laboratory) run(t *testing.T, set layers, run Run) ending {
	t.Helper()
	with := l.b.run()
	run.Data, run.DataBytes, run.Columns = with.Data, with.DataBytes, with.Columns
	w := l.s.cardWork(run)
	w.memoryMB = run.MemoryMB // more than the supervisor allows
	// The alarm must not come before the code is there to ignore it.
	end, err := execute(t.Context(), l.z, nil, w, job{
		Run: l.s.runs.Add(1), User: uint32(Cards.firstUser() + 90), Layers: set, Memory: 256 * mebibyte, Input: run.DataBytes, CPU: 60, Alarm: time.Minute.Milliseconds(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// outcomes runs probes behind a set of layers.
func (l *laboratory) outcomes(t *testing.T, set layers, probes []attack, params map[string]any) map[string]string {
	t.Helper()
	code := "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\n" + cardOf(probes)
	run := Run{Code: code, Params: encode(t, params), Timeout: time.Minute, MemoryMB: 4096}
	reply, err := l.run(t, set, run).reply(run, bounds{}, "/prefix")
	if err != nil || reply.Problem != nil {
		t.Fatalf("%v %+v %+v", err, reply, reply.Problem)
	}
	var found map[string]string
	if err := json.Unmarshal([]byte(reply.HTML), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// Each layer carries weight: with it every probe is held, without it every probe
// succeeds. So the probes are able to fail, and docs/security.md says what they show.
func TestAblation(t *testing.T) {
	l := newLaboratory(t)
	page := securityPage(t)
	params := l.b.params(t)
	for _, a := range ablations {
		t.Run(a.layer, func(t *testing.T) {
			base := l.base &^ a.beside
			with := l.outcomes(t, base, a.probes, params)
			touched := l.b.touched.Load()
			without := l.outcomes(t, base&^a.off, a.probes, params)
			var names []string
			for _, p := range a.probes {
				if strings.HasPrefix(with[p.name], "got ") {
					t.Errorf("%s: with the layer %q", p.name, with[p.name])
				}
				if !strings.HasPrefix(without[p.name], "got ") {
					t.Errorf("%s: without the layer %q", p.name, without[p.name])
				}
				names = append(names, p.name)
			}
			if a.off == layerSeccomp {
				eventually(t, "the canaries are reached", func() bool { return l.b.touched.Load() >= touched+3 })
			}
			wantRow(t, page, a.layer, names)
		})
	}
	t.Run("watchdog", l.watchdog)
	t.Run("process", l.process)
	if n := len(childrenOf(t, l.z.process.Pid)); n != 0 {
		t.Errorf("%d processes are left", n)
	}
}

const (
	overstays = "import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\ndef render(d, f, p):\n    time.sleep(1)\n    return 'still here'"
	overeats  = "import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\ndef render(d, f, p):\n    kept = bytearray(b'x') * (160 << 20)\n    time.sleep(3)\n    return 'still here'"
)

// watchdog shows that without it a run stays past its time, and takes
// more memory than it may where the kernel's limits do not hold it.
func (l *laboratory) watchdog(t *testing.T) {
	held := Run{Code: overstays, Timeout: 400 * time.Millisecond, MemoryMB: 256}
	if end := l.run(t, l.base, held); end.verdict != verdictTimeout || end.exit.signal != "SIGKILL" {
		t.Errorf("with the watchdog: %+v", end)
	}
	hungry := Run{Code: overeats, Timeout: time.Minute, MemoryMB: 64}
	if end := l.run(t, l.base&^layerLimits, hungry); end.verdict != verdictMemory {
		t.Errorf("with the watchdog: %+v", end)
	}
	for _, run := range []Run{held, hungry} {
		run.Timeout, run.MemoryMB = time.Hour, math.MaxInt64/mebibyte-4096 // a watchdog that waits for ever
		if reply, err := l.run(t, l.base&^layerLimits, run).reply(run, bounds{}, "/prefix"); err != nil || reply.HTML != "still here" {
			t.Errorf("without the watchdog: %v %+v", err, reply)
		}
	}
	wantRow(t, securityPage(t), "watchdog", []string{"staying past its time", "160 MB where 64 are allowed (without `limits` too)"})
}

// process shows that two cards in one process see each other; in processes of
// their own they do not.
func (l *laboratory) process(t *testing.T) {
	first := "import builtins, pandas\nbuiltins.left = ''.join(P['canary'])\npandas.DataFrame.to_html = None"
	second := []attack{
		{name: "what another run left", code: "import builtins\nreturn builtins.left"},
		{name: "a library that another run changed", code: "import pandas\nassert pandas.DataFrame.to_html is None\nreturn True"},
		{name: "memory of another run", code: "assert any(holds_canary(*region) for region in memory())\nreturn True"},
	}
	params := l.b.params(t)
	l.outcomes(t, l.base, []attack{{name: "first", code: first}}, params)
	apart := l.outcomes(t, l.base, second, params)
	together := l.outcomes(t, l.base, append([]attack{{name: "first", code: first}}, second...), params)
	var names []string
	for _, p := range second {
		if strings.HasPrefix(apart[p.name], "got ") || !strings.HasPrefix(together[p.name], "got ") {
			t.Errorf("%s: apart %q, together %q", p.name, apart[p.name], together[p.name])
		}
		names = append(names, p.name)
	}
	wantRow(t, securityPage(t), "process", names)
}

func securityPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// wantRow holds the table of docs/security.md to what was seen.
func wantRow(t *testing.T, page, layer string, through []string) {
	t.Helper()
	wantText(t, page, fmt.Sprintf("| `%s` | %s |\n", layer, strings.Join(through, ", ")))
}
