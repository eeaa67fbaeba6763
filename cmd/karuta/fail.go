package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/remote"
)

// Exit codes.
const (
	exitFailed    = 1
	exitUsage     = 2
	exitRefused   = 3
	exitCancelled = 4
	exitUnwatched = 5
)

// usageError is a command line or a configuration that cannot be followed.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exit is a verb that has said everything and ends with a code.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// report says an error as one sentence and gives the exit code.
func report(sh shell, err error) int {
	if err == nil {
		return 0
	}
	if code, ok := errors.AsType[exit](err); ok {
		return int(code)
	}
	fmt.Fprintln(sh.err, "karuta:", sentence(sh, err))
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	if _, ok := errors.AsType[unwatched](err); ok {
		return exitUnwatched
	}
	if e, ok := errors.AsType[*core.Error](err); ok && e.Reason == "import_cancelled" {
		return exitCancelled
	}
	switch core.CodeOf(err) {
	case core.CodeValidation, core.CodeDuplicate:
		return exitUsage
	case core.CodeNotFound, core.CodeForbidden, core.CodeUnauthorized, core.CodeInvalidToken, core.CodeTokenExpired:
		return exitRefused
	}
	return exitFailed
}

// sentence is what the operator reads: what people read, with the field and the
// technical cause, in the language of the terminal.
func sentence(sh shell, err error) string {
	if p, ok := errors.AsType[*remote.Problem](err); ok {
		if p.Field != "" {
			return p.Field + ": " + p.Message
		}
		return p.Message
	}
	e, ok := errors.AsType[*core.Error](err)
	if !ok {
		return err.Error()
	}
	text := core.Sentence(language(sh.environ), e)
	if e.Field != "" {
		text = e.Field + ": " + text
	}
	if e.Cause != nil {
		text += " (" + e.Cause.Error() + ")"
	}
	return text
}

// language follows LC_ALL, LC_MESSAGES and LANG, in this order; English unless
// they say Japanese.
func language(environ []string) core.Locale {
	for _, name := range []string{"LC_ALL=", "LC_MESSAGES=", "LANG="} {
		for _, line := range environ {
			if value, ok := strings.CutPrefix(line, name); ok && value != "" {
				if strings.HasPrefix(value, "ja") {
					return core.Japanese
				}
				return core.English
			}
		}
	}
	return core.English
}
