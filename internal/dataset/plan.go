package dataset

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// plan is what somebody confirms: that the version which a job staged takes the
// place of the dataset's version Base. Its token is signed, so that nothing else
// can be confirmed with it.
type plan struct {
	JobID     string `json:"j"`
	DatasetID string `json:"d"`
	Base      int64  `json:"b"`
	Target    string `json:"t"` // where the staged version lies
	Digest    string `json:"h"` // of its parts
	ExpiresAt int64  `json:"e"` // in seconds
}

// maxPlanToken is the longest token in characters.
const maxPlanToken = 1000

func planOf(job *core.ImportJob) plan {
	return plan{job.ID, job.DatasetID, job.Base, job.Staged.Target, job.Staged.Digest, job.Staged.ExpiresAt.Unix()}
}

var planText = base64.RawURLEncoding

// token writes a plan with its signature.
func (p plan) token(key string) string {
	raw, _ := json.Marshal(p) // texts and numbers always encode
	body := planText.EncodeToString(raw)
	return body + "." + planText.EncodeToString(planMAC(key, body))
}

func planMAC(key, body string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(body))
	return h.Sum(nil)
}

// readPlan is the plan of a token that was signed with one of the keys and is
// for the dataset. VALIDATION_ERROR.plan_unknown for any other, plan_expired for
// one whose time is over.
func readPlan(token, datasetID string, now time.Time, keys ...string) (p plan, err error) {
	if token == "" {
		return p, core.Invalid("input.planToken", "plan_required")
	}
	body, sign, _ := strings.Cut(token, ".")
	mac, err := planText.Strict().DecodeString(sign)
	if err != nil || !signed(mac, body, keys) {
		return p, planUnknown()
	}
	raw, err := planText.DecodeString(body)
	if err != nil || json.Unmarshal(raw, &p) != nil || p.DatasetID != datasetID {
		return plan{}, planUnknown()
	}
	if now.Unix() >= p.ExpiresAt {
		return plan{}, planExpired()
	}
	return p, nil
}

func signed(mac []byte, body string, keys []string) bool {
	for _, key := range keys {
		if hmac.Equal(mac, planMAC(key, body)) {
			return true
		}
	}
	return false
}

func planUnknown() error { return core.Invalid("input.planToken", "plan_unknown") }
func planExpired() error { return core.Invalid("input.planToken", "plan_expired") }

// outdated tells that a dataset has got another version since it was compared.
func outdated(base, current int64) error {
	return &core.Error{Code: core.CodeConflict, Reason: "plan_outdated", Field: "input.id",
		Details: map[string]any{"baseVersion": base, "currentVersion": current}}
}
