package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

// ENV-13, SEC-1: no way of printing shows a secret.
func TestSecretsAreNeverPrinted(t *testing.T) {
	const secret = "hunter2hunter2hunter2hunter2hunter2"
	c := load(t, "JWT_SECRET_KEY="+secret, "JWT_SECRET_KEY_PREVIOUS="+secret, "EXECUTOR_SECRET="+secret,
		"S3_ACCESS_KEY="+secret, "S3_SECRET_KEY="+secret, "REDIS_URL=redis://:"+secret+"@cache")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "config", c, "pointer", &c, "secret", c.JWTSecretKey)
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"String": c.String(), "log": log.String(), "JSON": string(asJSON), "table": fmt.Sprint(c.Table()),
		"%v": fmt.Sprintf("%v %+v %s", c, c, c), "pointer": fmt.Sprintf("%v %+v", &c, &c), "%#v": fmt.Sprintf("%#v", c),
		"in a list": fmt.Sprintf("%v %#v", []Secret{c.JWTSecretKey}, map[string]Secret{"k": c.JWTSecretKey}),
	} {
		if strings.Contains(text, secret) || !strings.Contains(text, hidden) {
			t.Errorf("%s: %s", name, text)
		}
	}
	for _, verb := range []string{"v", "+v", "#v", "s", "q", "x", "X", "d", "t", "U", "10.3s"} {
		whole, field := fmt.Sprintf("%"+verb, c), fmt.Sprintf("%"+verb, c.JWTSecretKey)
		if inHex := fmt.Sprintf("%x", secret); strings.Contains(whole+field, secret) || strings.Contains(strings.ToLower(whole+field), inHex) {
			t.Errorf("%%%s: %s %s", verb, whole, field)
		}
	}
	if c.JWTSecretKey.Reveal() != secret {
		t.Error("Reveal must give the value")
	}
}

func TestAnErrorNeverShowsASecret(t *testing.T) {
	_, _, err := Load([]string{"ENV=production", "JWT_SECRET_KEY=hunter2", "EXECUTOR_SECRET=hunter3", "S3_SECRET_KEY=hunter4"})
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Error(err)
	}
}

// ENV-13: every documented variable has a field that takes its value, and an explanation.
func TestEveryDocumentedVariableIsRead(t *testing.T) {
	other := map[string]string{"ENV": "local", "STORE": "dynamodb", "BLOBS": "s3", "LOG_LEVEL": "ERROR", "LOG_FORMAT": "text", "JWT_ALGORITHM": "HS256", "SANDBOX": "relaxed", "ANSWER_CACHE": "off", "PERSISTED_OPERATIONS_BROWSER": "ids-only", "PERSISTED_OPERATIONS_INTEGRATION": "safelist", "PERSISTED_OPERATIONS_ADMIN": "safelist", "CORS_ORIGINS": `["http://x"]`, "TRUSTED_PROXIES": `["10.0.0.0/8"]`, "S3_IMPORT_BUCKETS": `["company-data"]`, "PUBLIC_URL": "https://bi.example.com", "OIDC_ISSUER": "https://login.example.com", "OIDC_SCOPES": "openid", "OIDC_EMAIL_DOMAINS": `["example.com"]`}
	needs := []string{"VERTEX_AI_PROJECT_ID=p", "VERTEX_AI_LOCATION=l", "VERTEX_AI_MODEL=m"}
	before := load(t, needs...).Table()
	for i, name := range documented(t) {
		if name != before[i].Name {
			t.Fatalf("row %d of the page is %s, of the code %s", i, name, before[i].Name)
		}
		value, special := other[name]
		switch {
		case special:
		case before[i].Default == "true":
			value = "false"
		case before[i].Default == "false":
			value = "true"
		default:
			value = "11"
		}
		switch name {
		case "CHATBOT_TEMPERATURE":
			value = "1.5"
		case "JWT_SECRET_KEY_PREVIOUS":
			value = strings.Repeat("x", MinSecret)
		}
		given := append(needs, name+"="+value)
		if strings.HasPrefix(name, "TLS_") { // one goes with the other
			given = append(append(needs, "TLS_CERT_FILE=x", "TLS_KEY_FILE=x"), name+"="+value)
		}
		if strings.HasPrefix(name, "OIDC_") { // so do these
			given = append(append(needs, "OIDC_ISSUER=https://x", "OIDC_CLIENT_ID=x", "OIDC_CLIENT_SECRET=x", "PUBLIC_URL=https://x"), name+"="+value)
		}
		after := load(t, given...).Table()[i]
		if after.Value != value && after.Value != hidden {
			t.Errorf("%s=%s has no effect: %q", name, value, after.Value)
		}
		if len(after.Doc) < 10 {
			t.Errorf("%s is not explained", name)
		}
	}
}

func documented(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(page)) {
		if rest, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ := strings.Cut(rest, "`")
			names = append(names, name)
		}
	}
	if len(names) != len(variables) {
		t.Fatalf("the page has %d variables, the code %d", len(names), len(variables))
	}
	return names
}

func TestPageIsFresh(t *testing.T) {
	const path = "../../docs/configuration.md"
	if *update {
		if err := os.WriteFile(path, []byte(Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(path)
	if err != nil || string(page) != Markdown() {
		t.Errorf("%s is stale (%v): run go generate ./internal/config", path, err)
	}
}
