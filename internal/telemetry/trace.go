package telemetry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"strings"
)

// Trace joins the lines of one request.
type Trace struct {
	RequestID string
	TraceID   string // of the W3C trace context, "" when the caller has none
	Operation string // name of the operation, known once it has been parsed
}

type traceKey struct{}

// WithTrace puts the trace into the context.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceFrom is the trace of the context, a zero one when there is none.
func TraceFrom(ctx context.Context) Trace {
	t, _ := ctx.Value(traceKey{}).(Trace)
	return t
}

var (
	requestID   = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_.:=-]{7,127}$`)
	traceParent = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$`)
)

// AcceptRequestID takes the X-Request-Id that a client sent when it is well
// formed (8 to 128 letters, digits and "_.:=-"), else it makes one.
func AcceptRequestID(header string) string {
	if requestID.MatchString(header) {
		return header
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return hex.EncodeToString(b[:])
}

// AcceptTraceID is the trace id of a traceparent header (W3C Trace Context §3.2),
// "" when it is not well formed. Versions to come may have more parts.
func AcceptTraceID(traceparent string) string {
	m := traceParent.FindStringSubmatch(traceparent)
	if m == nil || m[1] == "ff" || m[1] == "00" && m[4] != "" || zeros(m[2]) || zeros(m[3]) {
		return ""
	}
	return m[2]
}

func zeros(id string) bool { return strings.Trim(id, "0") == "" }
