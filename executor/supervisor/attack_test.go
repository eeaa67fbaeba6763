//go:build linux

package supervisor

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elastic/go-seccomp-bpf/arch"

	"github.com/karuta-bi/karuta/executor/client"
)

// attack is one thing that hostile code tries, and how it has to end.
type attack struct {
	items   []int  // of the list in docs/security.md
	name    string // says what is tried
	code    string // body of a function of testdata/attacks.py, or a whole card where it defines render
	want    string // outcomes that are a defence, separated by "|": see outcomeOf
	user    string // the same for a plain user, where Landlock answers instead of chroot
	sibling bool   // while another run is there
	check   func(t *testing.T, reply *client.CardReply)
}

// whole tells whether the attack is a card of its own, because it harms or ends its process.
func (a attack) whole() bool {
	return strings.Contains(a.code, "def render(") || strings.HasPrefix(a.want, "EXE")
}

// wanted are the outcomes that count as held for whoever runs the tests.
func (a attack) wanted() []string {
	if plainUser() && a.user != "" {
		return strings.Split(a.user, "|")
	}
	return strings.Split(a.want, "|")
}

func plainUser() bool { return os.Geteuid() != 0 }

// section is a part of the suite.
type section struct {
	name    string
	attacks []attack
}

// sectionsOfCards is how many of the suite's sections, the first ones, cards run.
const sectionsOfCards = 6

// suite is everything that is tried, by what it is aimed at.
func suite() []section {
	return []section{
		{"resources", resourceAttacks},
		{"processes", processAttacks},
		{"network", networkAttacks},
		{"files and secrets", fileAttacks},
		{"kernel", kernelAttacks()},
		{"integrity", integrityAttacks},
		{"transforms", transformAttacks},
	}
}

// lengthy are the tests' long form.
func lengthy() bool { return os.Getenv("KARUTA_LONG") != "" }

// TestAttacks runs every attack and looks after each run whether the supervisor
// is as it was and the next card gets its right answer. Attacks that do no harm
// share a run; in the long form each has its own.
func TestAttacks(t *testing.T) {
	s := shared(t)
	b := newBait(t)
	good := func() { t.Helper(); wantGoodOn(t, s, b.run()) }
	good()
	first := howItIs(t, s)
	for _, part := range suite()[:sectionsOfCards] {
		t.Run(part.name, func(t *testing.T) {
			for _, group := range grouped(part.attacks) {
				well := howItIs(t, s)
				if group[0].whole() {
					t.Run(group[0].name, func(t *testing.T) { b.wantHeld(t, s, group[0]); well.wantSame(t, s, good) })
					continue
				}
				b.wantAllHeld(t, s, group)
				well.wantSame(t, s, good)
			}
		})
	}
	first.wantSame(t, s, good) // a little that each of them leaves is much by now
	if n := b.touched.Load(); n > 0 {
		t.Errorf("%d packets or calls reached the canaries", n)
	}
}

// grouped puts the attacks that may share a run together.
func grouped(attacks []attack) [][]attack {
	var groups [][]attack
	shared := map[bool]int{}
	for _, a := range attacks {
		at, ok := shared[a.sibling]
		if ok && !a.whole() && !lengthy() {
			groups[at] = append(groups[at], a)
			continue
		}
		if !a.whole() {
			shared[a.sibling] = len(groups)
		}
		groups = append(groups, []attack{a})
	}
	return groups
}

// wantAllHeld runs attacks in one card; each outcome is judged by itself.
func (b *bait) wantAllHeld(t *testing.T, s *Supervisor, group []attack) {
	t.Helper()
	params, end := b.params(t), func() {}
	if group[0].sibling {
		params["sibling"], end = beginSibling(t, s, b)
	}
	defer end()
	reply := b.render(t, s, Run{Code: cardOf(group), Params: encode(t, params), Timeout: 60 * time.Second, MemoryMB: 256})
	if reply.Problem != nil {
		t.Fatalf("the attacks did not come to an end: %+v %+v\n%s", reply.Problem, reply.Problem.Traceback, reply.Log)
	}
	var outcomes map[string]string
	if err := json.Unmarshal([]byte(reply.HTML), &outcomes); err != nil {
		t.Fatal(err)
	}
	for _, a := range group {
		t.Run(a.name, func(t *testing.T) { a.wantOutcome(t, outcomes[a.name]) })
	}
}

func (a attack) wantOutcome(t *testing.T, got string) {
	t.Helper()
	if !slices.Contains(a.wanted(), got) && got != "absent" {
		t.Errorf("items %v: %q, want %q", a.items, got, a.wanted())
	}
}

// wantHeld runs an attack that is a card of its own.
func (b *bait) wantHeld(t *testing.T, s *Supervisor, a attack) {
	run := Run{Code: a.code, Params: encode(t, b.params(t)), Timeout: 20 * time.Second, MemoryMB: 256}
	if a.wanted()[0] == "EXECUTION_TIMEOUT" {
		run.Timeout = 400 * time.Millisecond
	}
	reply := b.render(t, s, run)
	if got := outcomeOf(reply); !slices.Contains(a.wanted(), got) {
		t.Errorf("items %v: %s, want %q: %+v\nlog %.500s\nhtml %.80s", a.items, got, a.wanted(), reply.Problem, reply.Log, reply.HTML)
	}
	if reply.Problem != nil && reply.HTML != "" {
		t.Errorf("a failed run has HTML: %.80s", reply.HTML)
	}
	if a.check != nil {
		a.check(t, reply)
	}
}

// outcomeOf is the code and reason of a run's problem, "HTML" where it has none.
func outcomeOf(reply *client.CardReply) string {
	if reply.Problem == nil {
		return "HTML"
	}
	return problemOf(reply.Problem)
}

func problemOf(p *client.Problem) string {
	if p == nil {
		return ""
	}
	out := string(p.Code)
	if p.Reason != "" {
		out += " " + p.Reason
	}
	if signal, ok := p.Args["signal"].(string); ok {
		out += " " + signal
	}
	return out
}

//go:embed testdata/attacks.py
var attackPrelude string

// cardOf makes one card of attacks that share a run.
func cardOf(group []attack) string {
	var card strings.Builder
	card.WriteString(attackPrelude)
	for i, a := range group {
		fmt.Fprintf(&card, "\n\ndef attack_%d(dataset):\n    %s\n\n\nATTACKS[%q] = attack_%d\n",
			i, strings.ReplaceAll(strings.TrimSpace(a.code), "\n", "\n    "), a.name, i)
	}
	return card.String()
}

func encode(t testing.TB, value any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// calls are the numbers of the system calls on this architecture.
func calls(t testing.TB) map[string]int {
	t.Helper()
	machine, err := arch.GetInfo("")
	if err != nil {
		t.Fatal(err)
	}
	return machine.SyscallNames
}

// beginSibling starts a run that holds the canary and waits, and gives its
// process id as other runs would see it, and a function that ends it.
func beginSibling(t *testing.T, s *Supervisor, b *bait) (int, func()) {
	t.Helper()
	z := howItIs(t, s).zygote
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		code := "import time\ndef render(d, f, p):\n    kept = '" + b.canary() + "' * 100\n    time.sleep(100)"
		_, _ = s.Render(ctx, Run{Code: code, Timeout: 100 * time.Second})
	}()
	eventually(t, "the sibling runs", func() bool { return len(childrenOf(t, z.process.Pid)) == 1 })
	return innerPID(t, childrenOf(t, z.process.Pid)[0]), func() { cancel(); <-ended }
}

// innerPID is the process id inside of the innermost PID namespace.
func innerPID(t testing.TB, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "NSpid:"); ok {
			fields := strings.Fields(value)
			var inner int
			_, err := fmt.Sscan(fields[len(fields)-1], &inner)
			if err != nil {
				t.Fatal(err)
			}
			return inner
		}
	}
	return pid
}

// condition is what must be the same before and after an attack.
type condition struct {
	zygote      *zygote
	descriptors int
	inZygote    int // -1 where it cannot be seen
}

func howItIs(t testing.TB, s *Supervisor) condition {
	t.Helper()
	z, err := s.zygote(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return condition{z, len(openFiles(os.Getpid())), len(openFiles(z.process.Pid)) - 1}
}

func openFiles(pid int) []os.DirEntry {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)) // another user's cannot be seen
	return entries
}

// retiring tells whether a fresh zygote took over in order, as it does some time
// after a run broke down.
func (z *zygote) retiring() bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.retired && z.hurt
}

// warming is how many descriptors of ours belong to a fresh zygote that may be on
// its way, which takes long on a busy machine.
func (z *zygote) warming() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.hurt {
		return 4
	}
	return 0
}

// sane is how long a card of a few milliseconds may take on a machine that does much else.
const sane = 30 * time.Second

// wantSame looks that nothing of a run is left, that the zygote is the same
// process, and that the good run gives its right answer in good time.
func (c condition) wantSame(t *testing.T, s *Supervisor, good func()) {
	t.Helper()
	if now := howItIs(t, s).zygote; now != c.zygote && !c.zygote.retiring() {
		t.Fatal("the zygote is another one")
	}
	began := time.Now()
	good()
	if took := time.Since(began); took > sane {
		t.Errorf("a good run took %s", took)
	}
	if s.Running() != 0 || s.Queued() != 0 {
		t.Errorf("%d run, %d wait", s.Running(), s.Queued())
	}
	eventually(t, "nothing is left of the run", func() bool {
		now := howItIs(t, s)
		children := len(childrenOf(t, c.zygote.process.Pid)) + len(childrenOf(t, now.zygote.process.Pid))
		return children == 0 && now.descriptors <= c.descriptors+c.zygote.warming() && now.inZygote <= c.inZygote
	})
	if threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", howItIs(t, s).zygote.process.Pid)); len(threads) != 1 {
		t.Errorf("%d threads in the zygote", len(threads))
	}
}
