package telemetry

import (
	"context"
	"log/slog"

	"github.com/karuta-bi/karuta/internal/core"
)

// handler adds what the context knows to each line. The fields of the context
// stand at the top level even when the logger has opened a group, so whatever
// comes after the first group is kept in later and applied beneath them.
type handler struct {
	inner slog.Handler
	later []func(slog.Handler) slog.Handler
}

func (h *handler) Enabled(ctx context.Context, l slog.Level) bool { return h.inner.Enabled(ctx, l) }

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	inner := h.inner
	if attrs := contextAttrs(ctx); len(attrs) > 0 {
		inner = inner.WithAttrs(attrs)
	}
	for _, apply := range h.later {
		inner = apply(inner)
	}
	return inner.Handle(ctx, r)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(h.later) == 0 {
		return &handler{inner: h.inner.WithAttrs(attrs)}
	}
	return h.and(func(inner slog.Handler) slog.Handler { return inner.WithAttrs(attrs) })
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.and(func(inner slog.Handler) slog.Handler { return inner.WithGroup(name) })
}

func (h *handler) and(apply func(slog.Handler) slog.Handler) *handler {
	return &handler{inner: h.inner, later: append(h.later[:len(h.later):len(h.later)], apply)}
}

func contextAttrs(ctx context.Context) []slog.Attr {
	t, actor := TraceFrom(ctx), core.ActorFrom(ctx)
	if t.RequestID == "" {
		t.RequestID = actor.RequestID
	}
	attrs := make([]slog.Attr, 0, 4)
	for _, f := range [...]struct{ name, value string }{
		{"request_id", t.RequestID}, {"trace_id", t.TraceID}, {"user_id", actor.ActingID()}, {"operation", t.Operation},
	} {
		if f.value != "" {
			attrs = append(attrs, slog.String(f.name, f.value))
		}
	}
	return attrs
}
