package server_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
)

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
	out, err := exec.Command(node, tool+"/audit.mjs", web.URL+"/graphql").CombinedOutput()
	if err != nil {
		t.Fatalf("%s", out)
	}
}
