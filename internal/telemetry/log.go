package telemetry

import (
	"io"
	"log/slog"
	"math"
	"runtime/debug"
	"time"
)

// Options says what the log shows and how.
type Options struct {
	Level  string // ERROR, WARN, INFO or DEBUG; anything else is INFO
	Format string // "text" is for people at a terminal; anything else is JSON
	Source bool   // adds the place in the code
}

// NewLogger makes the log that writes to w (standard error).
func NewLogger(w io.Writer, o Options) *slog.Logger {
	opts := &slog.HandlerOptions{Level: levelOf(o.Level), AddSource: o.Source, ReplaceAttr: present}
	var inner slog.Handler = slog.NewJSONHandler(w, opts)
	if o.Format == "text" {
		inner = slog.NewTextHandler(w, opts)
	}
	return slog.New(&handler{inner: inner})
}

// Named is the log of one room: its lines carry the name in "logger".
func Named(log *slog.Logger, name string) *slog.Logger { return log.With("logger", name) }

// Duration is the field duration_ms, in milliseconds to three places.
func Duration(d time.Duration) slog.Attr {
	return slog.Float64("duration_ms", math.Round(float64(d.Microseconds()))/1000)
}

// Stack is the field stack: the calling goroutine's stack, for panics.
func Stack() slog.Attr { return slog.String("stack", string(debug.Stack())) }

func levelOf(name string) slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(name)); err != nil {
		return slog.LevelInfo
	}
	return l
}
