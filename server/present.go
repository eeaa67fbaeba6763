package server

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/karuta-bi/karuta/internal/core"
)

// present makes of any error what a client may see: a sentence in the reader's
// language, a code, and what is needed to act on it. What is not ours to show
// goes to the log, and the client gets the id to find it by.
func (e *engine) present(ctx context.Context, err error) *gqlerror.Error {
	shown := &gqlerror.Error{}
	var place string
	if from, ok := errors.AsType[*gqlerror.Error](err); ok {
		shown.Locations = from.Locations
		shown.Path, place = splitPath(ctx, from.Path)
		shown.Message = spoken(from)
	}
	problem := e.known(ctx, err, place)
	if shown.Message == "" {
		shown.Message = core.Sentence(core.ActorFrom(ctx).Locale, problem)
	}
	shown.Err, shown.Extensions = problem, extensions(ctx, problem)
	return shown
}

// known is the error as one of ours. Others are bugs or outages, but for the
// ones at an argument, which gqlgen makes where it cannot read a value.
func (e *engine) known(ctx context.Context, err error, place string) *core.Error {
	problem, ok := errors.AsType[*core.Error](err)
	switch {
	case !ok && place != "":
		problem = core.Invalid(place, "bad_value")
	case !ok && errors.Is(err, context.DeadlineExceeded):
		problem = &core.Error{Code: core.CodeUnavailable, Cause: err}
	case !ok:
		problem = &core.Error{Code: core.CodeInternal, Cause: err}
	case problem.Field == "" && place != "":
		at := *problem
		at.Field, problem = place, &at
	}
	if problem.HTTPStatus() >= 500 && problem.Cause != nil && !errors.Is(problem.Cause, context.Canceled) {
		e.log.ErrorContext(ctx, "request failed", slog.String("code", string(problem.Code)), slog.Any("error", problem.Cause))
		e.brokenOff(ctx, problem)
	}
	return problem
}

// spoken is the message of an error that speaks to developers in its own
// words, "" for all others: those of a field, too, whose words may be anybody's.
func spoken(err *gqlerror.Error) string {
	if err.Path != nil {
		return ""
	}
	switch core.CodeOf(err) {
	case core.CodeGraphQLParse, core.CodeGraphQLValidation, core.CodeNotPersisted, core.CodePersistingOff:
		return err.Message
	}
	return ""
}

// splitPath tells the path of the field in the answer from the place of the
// argument that gqlgen appends to it.
func splitPath(ctx context.Context, path ast.Path) (field ast.Path, argument string) {
	current := graphql.GetFieldContext(ctx)
	if current == nil {
		return nil, ""
	}
	field = current.Path()
	if len(path) <= len(field) {
		return path, ""
	}
	names := make([]string, 0, len(path)-len(field))
	for _, step := range path[len(field):] {
		switch step := step.(type) {
		case ast.PathName:
			names = append(names, string(step))
		case ast.PathIndex:
			names = append(names, strconv.Itoa(int(step)))
		}
	}
	return field, strings.Join(names, ".")
}

// hints tell developers what to send instead, by the reason; the sentence is for people.
var hints = map[string]string{
	"accept":       "Accept: application/graphql-response+json, application/json",
	"content_type": "Content-Type: application/json",
	"deferred":     "over HTTP, Accept: multipart/mixed;deferSpec=" + partsVersion + ", application/json",
	needsStream:    "Accept: text/event-stream, or a socket at /graphql/ws",
	"not_json":     "one JSON object in UTF-8, without a byte order mark",
	"packed":       "no Content-Encoding",
	"preflight":    "one of the headers " + strings.Join(preflightHeaders, ", "),
}

func extensions(ctx context.Context, problem *core.Error) map[string]any {
	shown := make(map[string]any, len(problem.Details)+4)
	maps.Copy(shown, problem.Details)
	shown["code"] = problem.Code
	shown["httpStatus"] = problem.HTTPStatus()
	shown["requestId"] = core.ActorFrom(ctx).RequestID
	if seconds, told := problem.Details["retryAfter"]; told && problem.Code == core.CodeRateLimit { // operations runbook §6.2
		shown["error"], shown["retry_after"] = "rate_limit_exceeded", seconds
	}
	if problem.Field != "" {
		shown["field"] = clip(problem.Field)
	}
	if hint, known := hints[problem.Reason]; known {
		shown["hint"] = hint
	}
	return shown
}
