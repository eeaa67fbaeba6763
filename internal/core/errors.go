package core

import (
	"errors"
	"fmt"
)

// Code is a stable error code that clients may branch on. The schema lists the
// same codes in the enum ErrorCode; a test holds the two lists together.
type Code string

// The codes of Karuta and what each tells the caller.
const (
	CodeUnauthorized      Code = "UNAUTHORIZED"
	CodeInvalidToken      Code = "INVALID_TOKEN"
	CodeTokenExpired      Code = "TOKEN_EXPIRED"
	CodeForbidden         Code = "FORBIDDEN"
	CodeNotFound          Code = "NOT_FOUND"
	CodeValidation        Code = "VALIDATION_ERROR"
	CodeDuplicate         Code = "DUPLICATE_ERROR"
	CodeConflict          Code = "CONFLICT"
	CodeExecutionTimeout  Code = "EXECUTION_TIMEOUT"
	CodeExecution         Code = "EXECUTION_ERROR"
	CodeMemoryLimit       Code = "MEMORY_LIMIT"
	CodeRateLimit         Code = "RATE_LIMIT_EXCEEDED"
	CodeInternal          Code = "INTERNAL_ERROR"
	CodeUnavailable       Code = "SERVICE_UNAVAILABLE"
	CodeFileTooLarge      Code = "FILE_TOO_LARGE"
	CodeEncoding          Code = "ENCODING_ERROR"
	CodeCSVParse          Code = "CSV_PARSE_ERROR"
	CodeFileFormat        Code = "FILE_FORMAT_ERROR"
	CodeSourceNotFound    Code = "SOURCE_NOT_FOUND"
	CodeInputMissing      Code = "INPUT_DATASET_MISSING"
	CodeInputEmpty        Code = "INPUT_DATASET_EMPTY"
	CodeFunctionMissing   Code = "TRANSFORM_FUNCTION_MISSING"
	CodeReturnType        Code = "TRANSFORM_RETURN_TYPE"
	CodeQueryCost         Code = "QUERY_COST"
	CodeGraphQLParse      Code = "GRAPHQL_PARSE_FAILED"
	CodeGraphQLValidation Code = "GRAPHQL_VALIDATION_FAILED"
	CodeNotPersisted      Code = "PERSISTED_QUERY_NOT_FOUND"
	CodePersistingOff     Code = "PERSISTED_QUERY_NOT_SUPPORTED"
	CodeEventsGone        Code = "EVENTS_GONE"
)

// HTTPStatus maps each code to the status a plain HTTP answer carries. The two
// of persisted queries are steps of a protocol whose clients want 200.
var httpStatus = map[Code]int{
	CodeUnauthorized: 401, CodeInvalidToken: 401, CodeTokenExpired: 401,
	CodeForbidden: 403, CodeNotFound: 404, CodeValidation: 400,
	CodeDuplicate: 409, CodeConflict: 409, CodeExecutionTimeout: 408,
	CodeExecution: 500, CodeMemoryLimit: 500, CodeRateLimit: 429,
	CodeInternal: 500, CodeUnavailable: 503, CodeFileTooLarge: 413,
	CodeEncoding: 400, CodeCSVParse: 400, CodeFileFormat: 400, CodeSourceNotFound: 400,
	CodeInputMissing: 400, CodeInputEmpty: 400, CodeFunctionMissing: 400, CodeReturnType: 400,
	CodeQueryCost: 400, CodeGraphQLParse: 400, CodeGraphQLValidation: 400,
	CodeNotPersisted: 200, CodePersistingOff: 200, CodeEventsGone: 410,
}

// HTTPStatus is the HTTP status that goes with the code; 500 for unknown codes.
func (c Code) HTTPStatus() int {
	if s, ok := httpStatus[c]; ok {
		return s
	}
	return 500
}

// Codes lists every code, for tests and documentation.
func Codes() []Code {
	all := make([]Code, 0, len(httpStatus))
	for c := range httpStatus {
		all = append(all, c)
	}
	return all
}

// Error is an error that may be shown to people: a code, the sentence to show
// (by key, see [Sentence]) and what a client needs to act on it. Cause is for
// the log alone and never leaves the server.
type Error struct {
	Code    Code
	Reason  string         // key of a more exact sentence than the code's own, e.g. "too_long"
	Field   string         // argument the error is about, as a path: "input.name"
	Status  int            // HTTP status where it is closer than the code's own, as 405; else 0
	Args    map[string]any // values for the sentence's {placeholders}
	Details map[string]any // further entries for extensions, e.g. both versions of a conflict
	Cause   error
}

// Error speaks to the log: code, reason, field and cause.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Reason != "" {
		s += "." + e.Reason
	}
	if e.Field != "" {
		s += " at " + e.Field
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// HTTPStatus is the status that a plain HTTP answer carries.
func (e *Error) HTTPStatus() int {
	if e.Status != 0 {
		return e.Status
	}
	return e.Code.HTTPStatus()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// CodeOf is the code of the nearest Error in the chain; INTERNAL_ERROR when there is none, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// Invalid is a VALIDATION_ERROR at a field. The args are key, value pairs for the sentence's placeholders.
func Invalid(field, reason string, args ...any) *Error {
	return &Error{Code: CodeValidation, Reason: reason, Field: field, Args: pairs(args)}
}

// NotFound is the answer for what does not exist and for what the actor may not know to exist.
func NotFound(field string) *Error { return &Error{Code: CodeNotFound, Field: field} }

// Forbidden refuses what the actor may see but not do. The reason picks the sentence.
func Forbidden(reason string) *Error { return &Error{Code: CodeForbidden, Reason: reason} }

// Conflict tells that somebody else changed the thing first; it carries both versions.
func Conflict(yours, current int64) *Error {
	return &Error{Code: CodeConflict, Field: "input.version",
		Details: map[string]any{"yourVersion": yours, "currentVersion": current}}
}

// Internal wraps an unexpected error: people read a plain sentence, the log gets the operation and cause.
func Internal(op string, cause error) *Error {
	return &Error{Code: CodeInternal, Cause: fmt.Errorf("%s: %w", op, cause)}
}

// Known keeps an error that has a code, and none, and wraps any other as [Internal] does.
func Known(op string, err error) error {
	if _, ok := errors.AsType[*Error](err); ok || err == nil {
		return err
	}
	return Internal(op, err)
}

func pairs(args []any) map[string]any {
	if len(args) == 0 {
		return nil
	}
	m := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		m[fmt.Sprint(args[i])] = args[i+1]
	}
	return m
}
