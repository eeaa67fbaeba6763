package client

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"net/http"

	"github.com/karuta-bi/karuta/internal/core"
)

// Place is where somebody stands in a queue.
type Place struct {
	Position    int     `json:"position"`    // from 1
	WaitSeconds float64 `json:"waitSeconds"` // guessed by how long runs took lately
}

// reasonBusy tells that the executor's queue is full; the answer's body is then
// the [Place] that one would have had.
const reasonBusy = "busy"

// Busy is the error of a full queue.
func Busy(p Place) error {
	return &core.Error{
		Code: core.CodeUnavailable, Reason: reasonBusy,
		Args:    map[string]any{"seconds": int(max(1, math.Ceil(p.WaitSeconds)))},
		Details: map[string]any{"position": p.Position, "waitSeconds": p.WaitSeconds},
	}
}

// Refuse answers a call with the executor's own failure: the status, why it is
// unavailable, and of a full queue the place.
func Refuse(w http.ResponseWriter, status int, e *core.Error) {
	if e == nil || e.Code != core.CodeUnavailable || e.Reason == "" {
		http.Error(w, http.StatusText(status), status)
		return
	}
	w.Header().Set(ReasonHeader, e.Reason)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(e.Details) // the caller is gone when this fails
}

// unavailable is what Refuse said. A full queue without a place is only unavailable.
func unavailable(reason string, body []byte, cause error) error {
	e := &core.Error{Code: core.CodeUnavailable, Reason: reason, Cause: cause}
	if reason != reasonBusy {
		return e
	}
	var p Place
	if err := json.Unmarshal(body, &p); err != nil || p.Position < 1 {
		e.Reason = ""
		return e
	}
	return Busy(p)
}

// UserKey names a person to the executor without telling who it is.
func UserKey(id string) string {
	sum := sha256.Sum256([]byte("executor user " + id))
	return hex.EncodeToString(sum[:16])
}
