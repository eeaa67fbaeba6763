package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Load reads the environment, given as "NAME=value" lines (os.Environ's form;
// a later line wins). Empty values count as not set. The error names every bad
// variable, one a line, and never shows a secret; the warnings are about
// variables that look like ours and are not.
func Load(environ []string) (Config, []Warning, error) { return loadWith(environ, (*Config).check) }

// LoadExecutor is [Load] for a separate executor, which signs no sign-ins: it
// needs no JWT_SECRET_KEY, and keeps none that it is given.
func LoadExecutor(environ []string) (Config, []Warning, error) {
	c, warnings, err := loadWith(environ, (*Config).checkExecutor)
	c.JWTSecretKey, c.JWTSecretKeyPrevious, c.OIDCSecret = "", "", ""
	return c, warnings, err
}

func loadWith(environ []string, check func(*Config) []error) (Config, []Warning, error) {
	vars := assignments(environ)
	c := Config{given: map[string]bool{}}
	problems := parse(&c, vars)
	for name := range vars {
		c.given[name] = true
	}
	c.fillByEnvironment()
	problems = append(problems, check(&c)...)
	if len(problems) > 0 {
		return Config{}, unknown(vars), errors.Join(problems...)
	}
	return c, unknown(vars), nil
}

func assignments(environ []string) map[string]string {
	vars := make(map[string]string, len(environ))
	for _, line := range environ {
		name, value, ok := strings.Cut(line, "=")
		if !ok || name == "" {
			continue
		}
		if value == "" {
			delete(vars, name)
			continue
		}
		vars[name] = value
	}
	return vars
}

func parse(c *Config, vars map[string]string) []error {
	err := env.ParseWithOptions(c, env.Options{Environment: vars})
	if err == nil {
		return nil
	}
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []error{err}
	}
	problems := make([]error, 0, len(all.Errors))
	for _, e := range all.Errors {
		problems = append(problems, named(e))
	}
	return problems
}

// named turns the library's error, which speaks of struct fields, into one about the variable.
func named(err error) error {
	var bad env.ParseError
	if !errors.As(err, &bad) {
		return err
	}
	for _, v := range variables {
		if v.field == bad.Name {
			return fmt.Errorf("%s: %s", v.name, plainCause(v, bad.Err))
		}
	}
	return err
}

func plainCause(v variable, cause error) string {
	switch v.kind {
	case reflect.Bool:
		return "want true or false"
	case reflect.Int, reflect.Int64:
		return "want a whole number"
	case reflect.Float64:
		return "want a number"
	}
	return cause.Error()
}

func (c *Config) fillByEnvironment() {
	if c.Store == "" {
		c.Store = pick(c.Env == Local, "embedded", "dynamodb")
	}
	if c.Blobs == "" {
		c.Blobs = pick(c.Env == Local, "folder", "s3")
	}
	if c.AnswerCache == "" {
		c.AnswerCache = pick(c.Store == "embedded", "on", "off")
	}
	if c.GradeKeys == "" {
		c.GradeKeys = pick(c.Env == Local, "log", "ids-only")
	}
}

func pick(first bool, one, other string) string {
	if first {
		return one
	}
	return other
}
