package dataset

import (
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// somePlan is always the same: a process that fuzzes must know what another one has signed.
func somePlan() plan {
	return plan{JobID: "job_01a215e902a075a6b893831b60e07145", DatasetID: "ds_1", Base: 3, Target: "datasets/ds_1/data/v000004-x/", Digest: strings.Repeat("0f", 32), ExpiresAt: 1000}
}

func TestPlanTokens(t *testing.T) { // DS-10
	p, before := somePlan(), time.Unix(999, 0)
	for _, key := range []string{"new", "old"} {
		if got, err := readPlan(p.token(key), "ds_1", before, "new", "old"); err != nil || got != p {
			t.Errorf("signed with the %s key: %+v, %v", key, got, err)
		}
	}
	_, err := readPlan(p.token("other"), "ds_1", before, "new", "old")
	wantReason(t, err, "input.planToken", "plan_unknown")
	_, err = readPlan(p.token("new"), "ds_2", before, "new")
	wantReason(t, err, "input.planToken", "plan_unknown")
	_, err = readPlan(p.token("new"), "ds_1", time.Unix(1000, 0), "new")
	wantReason(t, err, "input.planToken", "plan_expired")
	_, err = readPlan(p.token(""), "ds_1", before)
	wantReason(t, err, "input.planToken", "plan_unknown")
}

// Nothing is a plan but what was signed, to the letter.
func FuzzPlanToken(f *testing.F) {
	good := somePlan().token("key")
	for _, seed := range []string{
		good, good + "A", good + ".", "." + good, strings.ToLower(good), good[:len(good)-1], strings.Replace(good, ".", "..", 1), strings.Replace(good, "e", "f", 1),
		"", ".", "e30.", "bnVsbA.AAAA", somePlan().token("other"), strings.Repeat("A", 1000) + ".A", "\x00.\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		got, err := readPlan(token, "ds_1", time.Unix(0, 0), "key")
		switch {
		case token == good:
			if err != nil {
				t.Errorf("the signed one: %v", err)
			}
		case err == nil || got != plan{}:
			t.Errorf("%q is taken for %+v", token, got)
		case core.CodeOf(err) != core.CodeValidation:
			t.Errorf("%q: %v", token, err)
		}
	})
}
