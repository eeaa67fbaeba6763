package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/internal/core"
)

// API-5, ERR-1..3: code, sentence, field and details for people; causes for the log.
func TestPresent(t *testing.T) {
	field := &graphql.FieldContext{Field: graphql.CollectedField{Field: &ast.Field{Alias: "share", Name: "createShare"}}}
	at := func(err error, steps ...ast.PathElement) error {
		return gqlerror.WrapPath(append(ast.Path{ast.PathName("share")}, steps...), err)
	}
	input, expiresAt := ast.PathName("input"), ast.PathName("expiresAt")
	cases := []struct {
		name    string
		err     error
		code    core.Code
		status  int
		field   string
		message string
		logged  string
	}{
		{"ours", at(core.Forbidden("owner_only")), core.CodeForbidden, 403, "", "Only the owner can do this.", ""},
		{"ours, wrapped", at(fmt.Errorf("share: %w", core.NotFound("id"))), core.CodeNotFound, 404, "id", "Not found. It may have been deleted, or you may not have access to it.", ""},
		{"with a value in the sentence", at(core.Invalid("input.name", "too_long", "max", 200)), core.CodeValidation, 400, "input.name", "Please use at most 200 characters.", ""},
		{"at an argument", at(core.Invalid("", "bad_value"), input, expiresAt), core.CodeValidation, 400, "input.expiresAt", "The value is not in the right form.", ""},
		{"gqlgen's, at an argument", at(errors.New("time should be a string"), input, ast.PathName("list"), ast.PathIndex(3)), core.CodeValidation, 400, "input.list.3", "The value is not in the right form.", ""},
		{"an outage", at(core.Internal("store", errors.New("dial tcp 10.0.0.7:8000: refused"))), core.CodeInternal, 500, "", "Something went wrong for a moment. Please try again in a little while.", "10.0.0.7"},
		{"a stranger", at(errors.New("SELECT * FROM users")), core.CodeInternal, 500, "", "Something went wrong for a moment. Please try again in a little while.", "SELECT"},
		{"a stranger without a path", errors.New("secret"), core.CodeInternal, 500, "", "Something went wrong for a moment. Please try again in a little while.", "secret"},
		{"too slow", at(fmt.Errorf("read: %w", context.DeadlineExceeded)), core.CodeUnavailable, 503, "", "This is not available right now. Please try again in a little while.", "deadline"},
		{"the client left", at(core.Internal("store", context.Canceled)), core.CodeInternal, 500, "", "Something went wrong for a moment. Please try again in a little while.", ""},
		{"the parser's", told(core.CodeGraphQLParse, gqlerror.Errorf("Expected Name")), core.CodeGraphQLParse, 400, "", "Expected Name", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			log := &bytes.Buffer{}
			e := &engine{log: slog.New(slog.NewTextHandler(log, nil))}
			ctx := core.WithActor(context.Background(), &core.Actor{Locale: core.English, RequestID: "r1"})
			ctx = graphql.WithFieldContext(ctx, field)
			got := e.present(ctx, c.err)
			x := got.Extensions
			if x["code"] != c.code || x["httpStatus"] != c.status || x["requestId"] != "r1" || got.Message != c.message {
				t.Errorf("%q %v", got.Message, x)
			}
			if f, _ := x["field"].(string); f != c.field {
				t.Errorf("field %q, want %q", f, c.field)
			}
			if len(got.Path) > 1 {
				t.Errorf("path %v leads into the arguments", got.Path)
			}
			if c.logged == "" && log.Len() > 0 || !strings.Contains(log.String(), c.logged) {
				t.Errorf("log: %s", log)
			}
		})
	}
}

func TestDetailsStandBesideTheCode(t *testing.T) {
	e := &engine{log: slog.New(slog.DiscardHandler)}
	got := e.present(context.Background(), core.Conflict(3, 4)).Extensions
	if got["code"] != core.CodeConflict || got["yourVersion"] != int64(3) || got["currentVersion"] != int64(4) || got["field"] != "input.version" {
		t.Error(got)
	}
	limited := &core.Error{Code: core.CodeRateLimit, Details: map[string]any{"retryAfter": 7}} // RL-3, whoever refuses
	if got := e.present(context.Background(), limited).Extensions; got["error"] != "rate_limit_exceeded" || got["retry_after"] != 7 {
		t.Error(got)
	}
	forged := &core.Error{Code: core.CodeForbidden, Details: map[string]any{"code": "OK", "httpStatus": 200}}
	if got := e.present(context.Background(), forged).Extensions; got["code"] != core.CodeForbidden || got["httpStatus"] != 403 {
		t.Error("details take the place of the code:", got)
	}
}

func TestClipKeepsCharactersWhole(t *testing.T) {
	got := clip(strings.Repeat("あ", 200))
	if len(got) > maxMessage+4 || !strings.HasSuffix(got, "あ…") {
		t.Errorf("%q", got)
	}
}
