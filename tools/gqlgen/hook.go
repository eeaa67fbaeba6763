package main

import (
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// hook lets one of gqlgen's marshalling functions ask a plain one first.
type hook struct{ function, call string }

var (
	marshalling = regexp.MustCompile(`(?m)^func \(ec \*executionContext\) (\S+)\(ctx context\.Context, sel ast\.SelectionSet, .*\) graphql\.Marshaler \{\n`)
	inputs      = regexp.MustCompile(`graphql\.BuildUnmarshalerMap\(\n(?:\t+ec\.unmarshalInput\w+,\n)*\t*\)`)
)

// hook puts the plain functions into the code that gqlgen has written. It fails
// where that code looks different from what it knows.
func (p *plainFields) hook(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.generated.go"))
	if err != nil {
		return err
	}
	calls := map[string]string{}
	for _, h := range p.hooks {
		calls[h.function] = h.call
	}
	for _, file := range files {
		if err := rewrite(file, calls); err != nil {
			return err
		}
	}
	for function := range calls {
		return fmt.Errorf("gqlgen has written no function %s of the known form", function)
	}
	return nil
}

// rewrite changes one file, and takes away the calls that it has put in.
func rewrite(file string, calls map[string]string) error {
	was, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text := marshalling.ReplaceAllStringFunc(string(was), func(head string) string {
		name := marshalling.FindStringSubmatch(head)[1]
		call, ok := calls[name]
		if !ok {
			return head
		}
		delete(calls, name)
		return head + "\tif out, ok := ec." + call + "; ok {\n\t\treturn out\n\t}\n"
	})
	text = strings.ReplaceAll(text, "range field.Deferrables {", "range distinctLabels(field) {")
	text = strings.ReplaceAll(text, later.null, later.nothing)
	if filepath.Base(file) == "root_.generated.go" {
		if text, err = root(text); err != nil {
			return err
		}
	}
	if text == string(was) {
		return nil
	}
	formatted, err := format.Source([]byte(text))
	if err != nil {
		return err
	}
	return os.WriteFile(file, formatted, 0o644)
}

// later is what gqlgen's code says of a field that comes later: null, as if there
// were nothing.
var later = struct{ null, nothing string }{
	"out.Values[i] = graphql.Null\n\t\t\t\tcontinue\n",
	"out.Values[i] = stillToCome\n\t\t\t\tcontinue\n",
}

// wait is where gqlgen's code waits for a deferred part for ever, wait.until with
// the operation.
var wait = struct{ forEver, until string }{
	"result := <-ec.DeferredResults\n",
	"result, ok := nextDeferred(ctx, ec.DeferredResults)\nif !ok {\nreturn nil\n}\n",
}

// root gives an operation room for its plans. It takes away what gqlgen makes for
// every operation and only [graphql.UnmarshalInputFromContext] uses, which we do not.
func root(text string) (string, error) {
	const state = "\t*graphql.ExecutionContextState[ResolverRoot, DirectiveRoot, ComplexityRoot]\n}"
	if strings.Count(text, state) != 1 || strings.Count(text, wait.forEver) != 1 || !inputs.MatchString(text) && strings.Contains(text, "ec.unmarshalInput") {
		return "", fmt.Errorf("gqlgen's code of the root has another form than the known one")
	}
	text = strings.Replace(text, state, strings.TrimSuffix(state, "}")+"\tplans plainPlans\n}", 1)
	text = strings.Replace(text, wait.forEver, wait.until, 1)
	return inputs.ReplaceAllString(text, "graphql.BuildUnmarshalerMap()"), nil
}
