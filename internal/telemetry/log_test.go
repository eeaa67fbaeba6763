package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// logged is what the function writes, as text and as the one object it should be.
func logged(t *testing.T, o Options, write func(*slog.Logger)) (string, map[string]any) {
	t.Helper()
	var b bytes.Buffer
	write(NewLogger(&b, o))
	line := map[string]any{}
	if b.Len() > 0 {
		if err := json.Unmarshal(b.Bytes(), &line); err != nil || strings.Count(b.String(), "\n") != 1 {
			t.Fatalf("not one object on one line: %q (%v)", b.String(), err)
		}
	}
	return b.String(), line
}

func request() context.Context {
	ctx := WithTrace(context.Background(), Trace{
		RequestID: "12345678-0123-4567-8901-abcdef012345", TraceID: "0af7651916cd43dd8448eb211c80319c", Operation: "Dashboard",
	})
	return core.WithActor(ctx, &core.Actor{User: &core.User{ID: "user_1"}})
}

// LOG-1, LOG-5: the fields, at the top level whatever the logger has opened.
func TestFields(t *testing.T) {
	loggers := map[string]func(*slog.Logger) *slog.Logger{
		"plain":            func(l *slog.Logger) *slog.Logger { return l },
		"named":            func(l *slog.Logger) *slog.Logger { return Named(l, "audit") },
		"within a group":   func(l *slog.Logger) *slog.Logger { return Named(l, "audit").WithGroup("g").With("inner", 1) },
		"within two":       func(l *slog.Logger) *slog.Logger { return l.WithGroup("g").With("inner", 1).WithGroup("h") },
		"a nameless group": func(l *slog.Logger) *slog.Logger { return l.WithGroup("").With("outer", 1) },
	}
	for name, with := range loggers {
		_, line := logged(t, Options{}, func(l *slog.Logger) {
			with(l).InfoContext(request(), "hello", "attribute", "x")
		})
		want := map[string]any{
			"level": "INFO", "message": "hello", "request_id": "12345678-0123-4567-8901-abcdef012345",
			"trace_id": "0af7651916cd43dd8448eb211c80319c", "user_id": "user_1", "operation": "Dashboard",
		}
		for field, value := range want {
			if line[field] != value {
				t.Errorf("%s: %s is %v, want %v", name, field, line[field], value)
			}
		}
		if at, _ := line["timestamp"].(string); !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`).MatchString(at) {
			t.Errorf("%s: timestamp %q", name, at)
		}
	}
}

func TestGroupsKeepTheirAttributes(t *testing.T) {
	_, line := logged(t, Options{}, func(l *slog.Logger) {
		a := l.With("top", 1).WithGroup("g").With("inner", 2).With("more", 3)
		branch := a.WithGroup("b")
		_ = a.WithGroup("c") // must not change the branch
		branch.Info("a line", "x", 1)
	})
	g, _ := line["g"].(map[string]any)
	b, _ := g["b"].(map[string]any)
	if line["top"] != 1.0 || g["inner"] != 2.0 || b["x"] != 1.0 {
		t.Errorf("got %v", line)
	}
}

func TestLinesOutsideOfARequestHaveNoEmptyFields(t *testing.T) {
	_, line := logged(t, Options{}, func(l *slog.Logger) { l.Info("start") })
	if len(line) != 3 {
		t.Errorf("got %v", line)
	}
	_, line = logged(t, Options{}, func(l *slog.Logger) {
		l.InfoContext(core.WithActor(context.Background(), &core.Actor{RequestID: "of the actor"}), "x")
	})
	if line["request_id"] != "of the actor" {
		t.Errorf("got %v", line)
	}
}

// LOG-4.
func TestLevels(t *testing.T) {
	for level, want := range map[string]int{"ERROR": 1, "WARN": 2, "INFO": 3, "DEBUG": 4, "": 3, "LOUD": 3, "debug": 4} {
		seen := 0
		for _, write := range []func(*slog.Logger){
			func(l *slog.Logger) { l.Error("x") }, func(l *slog.Logger) { l.Warn("x") },
			func(l *slog.Logger) { l.Info("x") }, func(l *slog.Logger) { l.Debug("x") },
		} {
			if text, _ := logged(t, Options{Level: level}, write); text != "" {
				seen++
			}
		}
		if seen != want {
			t.Errorf("%q shows %d levels, want %d", level, seen, want)
		}
	}
}

type account struct {
	Email    string
	Password string
	Token    string
}

type valuer struct{ text string }

func (v valuer) LogValue() slog.Value { return slog.GroupValue(slog.String("mail", v.text)) }

// LOG-3, PII-6: personal data and secrets stay inside, wherever they stand.
func TestNothingPersonalInTheLog(t *testing.T) {
	const mail, secret = "taro.yamada@example.com", "hunter2"
	for name, write := range map[string]func(*slog.Logger){
		"message":   func(l *slog.Logger) { l.Info("wrote to " + mail) },
		"attribute": func(l *slog.Logger) { l.Info("x", "to", mail) },
		"with":      func(l *slog.Logger) { l.With("to", mail).Info("x") },
		"error": func(l *slog.Logger) {
			l.Info("x", "error", fmt.Errorf("for %s: %w", mail, errors.New("password="+secret)))
		},
		"joined errors":   func(l *slog.Logger) { l.Info("x", "error", errors.Join(errors.New(mail), errors.New("token:"+secret))) },
		"struct":          func(l *slog.Logger) { l.Info("x", "of", account{mail, secret, secret}) },
		"pointer":         func(l *slog.Logger) { l.Info("x", "of", &account{mail, secret, secret}) },
		"map":             func(l *slog.Logger) { l.Info("x", "of", map[string]string{"password": secret, "mail": mail}) },
		"slice":           func(l *slog.Logger) { l.Info("x", "of", []string{mail, mail}) },
		"value":           func(l *slog.Logger) { l.Info("x", "of", valuer{mail}) },
		"nested groups":   func(l *slog.Logger) { l.WithGroup("a").WithGroup("b").Info("x", slog.Group("c", "to", mail)) },
		"secret key":      func(l *slog.Logger) { l.Info("x", "newPassword", secret) },
		"number":          func(l *slog.Logger) { l.Info("x", "api_key", slog.AnyValue([]byte(secret))) },
		"secret in group": func(l *slog.Logger) { l.Info("x", slog.Group("body", "accessToken", secret)) },
		"group of secret": func(l *slog.Logger) { l.Info("x", slog.Group("client_secret", "value", secret)) },
		"standard names":  func(l *slog.Logger) { l.Info("x", "level", mail, "source", mail, "msg", mail, "time", mail) },
		"Japanese":        func(l *slog.Logger) { l.Info("x", "言葉", "連絡先は"+mail+"です。パスワード："+secret) },
	} {
		for _, format := range []string{"json", "text"} {
			var b bytes.Buffer
			write(NewLogger(&b, Options{Format: format}))
			if text := b.String(); strings.Contains(text, "aro.yamada") || strings.Contains(text, secret) || text == "" {
				t.Errorf("%s as %s: %s", name, format, text)
			}
		}
	}
}

func TestValues(t *testing.T) {
	_, line := logged(t, Options{Source: true}, func(l *slog.Logger) {
		l.Info("x", Duration(1234567*time.Nanosecond), "took", 2*time.Second, "at", time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("JST", 9*3600)), "n", 7, "ok", true)
	})
	want := map[string]any{"duration_ms": 1.234, "took": "2s", "at": "2026-01-01T18:04:05Z", "n": 7.0, "ok": true}
	for field, value := range want {
		if line[field] != value {
			t.Errorf("%s is %v, want %v", field, line[field], value)
		}
	}
	if place, _ := line["source"].(map[string]any); !strings.HasSuffix(fmt.Sprint(place["file"]), "log_test.go") {
		t.Errorf("the place is %v", line["source"])
	}
}

// LOG-3: a stack is whole, and one line of the log all the same.
func TestStack(t *testing.T) {
	_, line := logged(t, Options{}, func(l *slog.Logger) { l.Error("panicked", Stack()) })
	if stack, _ := line["stack"].(string); !strings.Contains(stack, "TestStack") || !strings.Contains(stack, "log_test.go:") {
		t.Errorf("the stack is %q", stack)
	}
}
