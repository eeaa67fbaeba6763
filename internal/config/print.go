package config

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"
)

// Row is one variable as people see it.
type Row struct {
	Name    string
	Value   string // what is in effect, "(hidden)" for a secret that is set
	Default string // "" where there is none
	Doc     string
}

// Table is every variable with its effective value, in the order of the documentation.
func (c Config) Table() []Row {
	rows := make([]Row, len(variables))
	for i, v := range variables {
		value := reflect.ValueOf(c).Field(v.index).Interface()
		rows[i] = Row{Name: v.name, Value: fmt.Sprint(value), Default: v.standard, Doc: v.explanation()}
	}
	return rows
}

// explanation is the sentence of the tag with the bounds.
func (v variable) explanation() string {
	doc := v.doc
	if len(v.choices) > 1 {
		doc += " One of " + strings.Join(v.choices, ", ") + "."
	}
	if v.low != "" {
		doc += fmt.Sprintf(" From %s to %s.", v.low, v.high)
	}
	if v.localOnly {
		doc += " For ENV=local alone."
	}
	if v.secret {
		doc += " Secret: never printed."
	}
	return doc
}

// String is the table, one NAME=value a line, secrets hidden.
func (c Config) String() string {
	var b strings.Builder
	for _, r := range c.Table() {
		fmt.Fprintf(&b, "%s=%s\n", r.Name, r.Value)
	}
	return b.String()
}

// GoString hides the secrets from %#v too.
func (c Config) GoString() string { return c.String() }

// LogValue is the table as a group, secrets hidden.
func (c Config) LogValue() slog.Value {
	rows := c.Table()
	attrs := make([]slog.Attr, len(rows))
	for i, r := range rows {
		attrs[i] = slog.String(r.Name, r.Value)
	}
	return slog.GroupValue(attrs...)
}

// Markdown is docs/configuration.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(markdownHead)
	for _, v := range variables {
		standard := v.standard
		if standard != "" {
			standard = "`" + standard + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.name, standard, v.explanation())
	}
	return b.String()
}

//go:generate go test . -run TestPageIsFresh -update

const markdownHead = `# Configuration

Karuta reads the environment variables below and nothing else; its verbs that speak to another server also ` + "`KARUTA_URL` and `KARUTA_TOKEN`" + `. ` + "`karuta config check`" + ` tells what is
wrong with them, ` + "`karuta config print`" + ` shows what is in effect, with secrets hidden. An empty value counts as
not set. A variable that looks misspelt is reported at start with the name that was probably meant.

This page is written from the code (` + "`go generate ./internal/config`" + `).

| Variable | Default | What it does |
|---|---|---|
`
