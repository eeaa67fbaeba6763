package server_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// audits are the ids of the audits that graphql-http 1.23.1 knows: an update that
// drops one, or finds none, is no success.
const audits = `22EB 4655 47DE 80D8 82A3 BF61 78D5 2C94 5A70 9C48 9ABE 03D4 A5BF 423L LKJ0 LKJ1 LKJ2 LKJ3 34A2 13EE 6C00
	6C01 6C02 6C03 8161 B8B3 94B0 0220 94B1 0221 94B2 0222 4760 4761 4762 4763 2EA1 28B9 D6D5 6A70 58B0 58B1 58B2 58B3 428F
	1B7A B6DC BCF8 B7N8 8764 3E3A 572B FDE2 7B9B 865D 556A D586 51FE 74FF 5E5B 86EE`

// API-1: every audit of the specification "GraphQL over HTTP".
func TestGraphQLOverHTTP(t *testing.T) {
	const tool = "../tools/schema"
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("not run here: node is not installed")
	}
	if _, err := os.Stat(tool + "/node_modules/graphql-http"); err != nil {
		t.Skip("not run here: graphql-http is not installed; run tools/schema/check.sh")
	}
	web := httptest.NewServer(newHouse(t).handler)
	defer web.Close()
	var failed strings.Builder
	audit := exec.Command(node, tool+"/audit.mjs", web.URL+"/graphql")
	audit.Stderr = &failed
	out, err := audit.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, failed.String())
	}
	passed := strings.Fields(strings.ReplaceAll(string(out), "ok ", ""))
	if want := strings.Fields(audits); len(want) != 61 || !slices.Equal(passed, want) {
		t.Errorf("passed: %q", passed)
	}
}
