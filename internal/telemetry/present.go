package telemetry

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// present gives the standard fields their names and masks every value but the
// ids that join lines: digits in them may look like a telephone number.
func present(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 {
		switch {
		case a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime:
			return slog.String("timestamp", a.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z"))
		case a.Key == slog.MessageKey:
			a.Key = "message"
		case a.Key == "request_id" || a.Key == "trace_id" || own(a.Value.Any()):
			return a
		}
	}
	if neverShown(a.Key) || slices.ContainsFunc(groups, neverShown) {
		return slog.String(a.Key, hidden)
	}
	a.Value = masked(a.Key, a.Value)
	return a
}

// own tells whether slog itself made the value: the level and the place in the code.
func own(v any) bool {
	switch v.(type) {
	case slog.Level, *slog.Source:
		return true
	}
	return false
}

func masked(key string, v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(MaskField(key, v.String()))
	case slog.KindTime:
		return slog.StringValue(v.Time().UTC().Format(time.RFC3339Nano))
	case slog.KindDuration:
		return slog.StringValue(v.Duration().String())
	case slog.KindAny:
		return slog.StringValue(MaskField(key, fmt.Sprintf("%+v", v.Any())))
	}
	return v
}

// neverShown tells whether a field's name says that its value is nobody's business.
func neverShown(key string) bool {
	k := strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(key))
	for _, word := range [...]string{"password", "passwd", "secret", "authorization", "cookie", "apikey", "privatekey"} {
		if strings.Contains(k, word) {
			return true
		}
	}
	return strings.HasSuffix(k, "token")
}
