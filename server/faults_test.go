package server_test

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store/storetest"
	"github.com/karuta-bi/karuta/internal/table"
)

// Every call of the table fails once, in every mutation and in every way: what
// lies in the tables fits together afterwards and after a second try, and where
// anything has changed the record says so (FAIL-5, AU-9).
func TestFaults(t *testing.T) {
	c := newCompany(t)
	h, _, l := c.openFaulty(t)
	before, known := l.Items(t), len(h.record())
	h.close()
	order, answers := rows(t, matrix)
	for _, row := range order {
		if actor := doer(answers[row]); actor != "" && strings.HasPrefix(row, "Mutation.") {
			t.Run(row, func(t *testing.T) {
				t.Parallel()
				for name, fault := range faultsFor(row) {
					t.Run(name, func(t *testing.T) { c.everyCall(t, row, actor, fault, before, known) })
				}
			})
		}
	}
}

// faultsFor are all faults in the long form. In the short one "refused" stands
// for those that are the same above the table, and where a password is hashed
// at its full price only the answer is lost.
func faultsFor(row string) map[string]storetest.Fault {
	faults := maps.Clone(storetest.AllFaults)
	if os.Getenv("KARUTA_LONG") != "" {
		return faults
	}
	delete(faults, "throttled")
	delete(faults, "timed out")
	if hashes[row] {
		delete(faults, "refused")
	}
	return faults
}

var hashes = map[string]bool{"Mutation.createUser": true, "Mutation.resetPassword": true, "Mutation.changePassword": true}

// doer is somebody whom the row lets do it.
func doer(answers map[string]declared) string {
	for _, actor := range []string{"owner", "admin", "stranger"} {
		if answers[actor].answer == "ok" {
			return actor
		}
	}
	return ""
}

// everyCall fails the first call of a mutation, then the second, up to the last. Before it
// the items are there, and so many events are known.
func (c *company) everyCall(t *testing.T, row, actor string, fault storetest.Fault, before storetest.Items, known int) {
	for n, more := int64(1), true; more && !t.Failed(); n++ {
		h, f, l := c.openFaulty(t)
		f.Arm(n, fault)
		first := h.try(c.tokens[actor], c.fill(asked[row]))
		more = f.Calls() >= n
		f.Arm(0, fault)
		after := l.Items(t)
		after.Check(t)
		if changed := differing(before, after); len(changed) > 0 && len(h.record()) == known {
			t.Errorf("nothing tells of the change of %v", changed)
		}
		h.try(c.tokens[actor], c.fill(asked[row]))
		l.Items(t).Check(t)
		h.close()
		if t.Failed() {
			t.Logf("call %d: %s", n, first.text)
		}
	}
}

// openFaulty is a house over tables whose calls can be made to fail, and which are read whole.
func (c *company) openFaulty(t *testing.T) (h *house, f *storetest.Faults, l *storetest.Ledger) {
	h, _ = c.open(t, func(e table.Engine) table.Engine {
		f = storetest.NewFaults(e)
		l = storetest.NewLedger(f, c.keys...)
		return l
	})
	return h, f, l
}

// record is what the audit log knows, what waits in the spool included.
func (h *house) record() []*core.AuditEvent {
	h.t.Helper()
	system := core.AsSystem(h.t.Context(), "test")
	must(h.t, h.Audit.Flush(system))
	found, err := h.Audit.Search(system, core.AuditFilter{From: lately()}, core.PageArgs{First: core.MaxPage})
	must(h.t, err)
	return slices.DeleteFunc(found.Nodes, func(ev *core.AuditEvent) bool { return ev.Type == core.EventAuditViewed })
}

// differing are the keys of what is there otherwise than before; what people do
// not see, sessions, jobs and runs on their way, is left out, and so are notices:
// they tell of changes and are none.
func differing(before, after storetest.Items) (keys []string) {
	silent := []string{table.AuditLogs, table.Sessions, table.Jobs, table.Executions}
	for k, it := range after {
		if !slices.Contains(silent, k.Table) && k.SK != "STATE" && !strings.HasPrefix(k.SK, "NOTICE#") && !reflect.DeepEqual(it, before[k]) {
			keys = append(keys, k.PK+"/"+k.SK)
		}
	}
	for k := range before {
		if after[k] == nil {
			keys = append(keys, k.PK+"/"+k.SK)
		}
	}
	return keys
}
