package socket_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// The client of graphql-ws as people use it. A close with 1012, 4403 or 1013 makes
// it connect once more, with what it is told to say then, and go on.
func TestTheClientOfGraphQLWS(t *testing.T) {
	s := play(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*hang)
	defer cancel()
	cmd := exec.CommandContext(ctx, node(t), toolFolder+"/client.mjs", "ws"+strings.TrimPrefix(s.web.URL, "http"))
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, problems.String())
	}
	want := map[string]string{
		"query":                     `[{"data":{"hello":"world"}}]`,
		"mutation":                  `[{"data":{"set":"x"}}]`,
		"stream":                    `[{"data":{"count":1}},{"data":{"count":2}},{"data":{"count":3}}]`,
		"left early":                `[{"data":{"forever":1}}]`,
		"after that":                `[{"data":{"hello":"world"}}]`,
		"not valid":                 `1`,
		"keep alive":                `true`,
		"the connection is too old": `{"codes":[1012],"connections":2}`,
		"refused":                   `{"codes":[4403],"connections":2}`,
		"expired":                   `{"codes":[4403],"connections":2}`,
		"try later":                 `{"codes":[1013],"connections":2}`,
		"syntax error":              `4500`,
	}
	for line := range strings.Lines(string(out)) {
		var said struct {
			Name string
			What json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if string(said.What) != want[said.Name] {
			t.Errorf("%s: %s, want %s", said.Name, said.What, want[said.Name])
		}
		delete(want, said.Name)
	}
	for name := range want {
		t.Errorf("%s was not tried", name)
	}
}
