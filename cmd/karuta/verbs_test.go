package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/testkit"
)

// said is what a verb printed and how it ended.
type said struct {
	code     int
	out, err string
}

// karuta runs a verb in this process.
func karuta(t *testing.T, in string, args ...string) said {
	t.Helper()
	var out, problems bytes.Buffer
	sh := shell{ctx: context.Background(), in: strings.NewReader(in), out: &out, err: &problems, environ: environment()}
	code := run(sh, args)
	return said{code, out.String(), problems.String()}
}

// ok runs a verb that has to succeed.
func ok(t *testing.T, in string, args ...string) string {
	t.Helper()
	s := karuta(t, in, args...)
	if s.code != 0 {
		t.Fatalf("karuta %s: exit %d: %s", strings.Join(args, " "), s.code, s.err)
	}
	return s.out
}

var verbs = [][]string{
	{"serve"}, {"executor"}, {"user", "create"}, {"user", "list"}, {"user", "set-role"}, {"user", "reset-password"},
	{"user", "deactivate"}, {"user", "set-attributes"}, {"user", "set-pii"},
	{"apikey", "create"}, {"apikey", "list"}, {"apikey", "revoke"},
	{"address", "list"}, {"address", "block"}, {"address", "unblock"},
	{"announcement", "list"}, {"announcement", "make"}, {"announcement", "withdraw"},
	{"pq", "publish"}, {"pq", "list"}, {"pq", "diff"}, {"pq", "retire"},
	{"tables", "list"}, {"tables", "init"}, {"tables", "verify"}, {"config", "check"}, {"config", "print"},
	{"token", "inspect"}, {"health"}, {"doctor"}, {"import", "file"}, {"import", "follow"}, {"transform", "run"}, {"transform", "follow"}, {"data", "reset"}, {"seed"}, {"version"},
}

func TestEveryVerbHasHelpWithAnExample(t *testing.T) {
	for _, verb := range verbs {
		s := karuta(t, "", append(verb, "--help")...)
		example := "karuta " + strings.Join(verb, " ")
		plain := strings.Join(strings.Fields(s.out), " ")
		if s.code != 0 || !strings.Contains(plain, "Example:") || strings.Count(plain, example) < 2 || !strings.Contains(plain, "--data-dir") {
			t.Errorf("%v: exit %d\n%s", verb, s.code, s.out)
		}
	}
	listed := karuta(t, "", "--help").out
	for _, verb := range verbs {
		if !strings.Contains(listed, "  "+strings.Join(verb, " ")+"  ") {
			t.Errorf("%v is not in karuta --help", verb)
		}
	}
	if strings.Contains(listed, "worker") {
		t.Error("the hidden verb is shown")
	}
}

func TestWrongCommandLines(t *testing.T) {
	for _, args := range [][]string{
		{}, {"bogus"}, {"user"}, {"user", "create"}, {"user", "create", "--email", "a@example.com", "--role", "king", "--password-stdin"},
		{"serve", "--listen", "nowhere"}, {"user", "set-attributes", "--email", "a@example.com", "region"},
		{"user", "set-pii", "--email", "a@example.com", "perhaps"}, {"import", "missing.csv", "--owner", "a@example.com"}, {"seed", "--env", "production"},
		{"address", "block", "203.0.113.0/24", "--for", "1h"}, {"address", "block", "203.0.113.0/24", "--for", "90s", "--reason", "r"},
		{"announcement", "make", "--ja", "夜", "--en", "night"}, {"announcement", "make", "--ja", "夜", "--en", "night", "--for", "1h", "--until", "2027-03-31"},
		{"announcement", "make", "--ja", "夜", "--en", "night", "--for", "1h", "--severity", "LOUD"},
		{"import", "main.go"}, {"import", "main.go", "--owner", "a@example.com", "--server", "http://127.0.0.1:1"}, {"import", "main.go", "--owner", "a@example.com", "--json"},
		{"transform", "run"}, {"transform", "run", "tf_x"}, {"transform", "follow", "exec_x", "--token-file", "missing.txt"},
		{"apikey", "revoke"}, {"apikey", "create", "--email", "a@example.com", "--name", "n", "--scope", "Query.me", "--expires", "soon"},
	} {
		s := karuta(t, "", args...)
		if s.code != exitUsage || strings.Count(s.err, "\n") != 1 || !strings.HasPrefix(s.err, "karuta: ") {
			t.Errorf("%q: exit %d, %q", args, s.code, s.err)
		}
	}
}

// operate goes through the operator's verbs on a data folder; the same has to
// happen whether a server runs on it or not.
func operate(t *testing.T, dir string) {
	t.Helper()
	at := func(args ...string) []string { return append(args, "--data-dir", dir) }
	create := at("user", "create", "--email", "Hanako@example.com", "--name", "花子", "--role", "admin", "--password-stdin")
	if out := ok(t, "Kirei-na-hana-1\n", create...); !strings.Contains(out, "hanako@example.com") || !strings.Contains(out, "ADMIN") {
		t.Errorf("create: %s", out)
	}
	if s := karuta(t, "Kirei-na-hana-1\n", create...); s.code != exitUsage || !strings.HasPrefix(s.err, "karuta: ") {
		t.Errorf("create again: %+v", s)
	}
	if s := karuta(t, "short\n", at("user", "create", "--email", "x@example.com", "--role", "user", "--password-stdin")...); s.code != exitUsage || !strings.Contains(s.err, "8") {
		t.Errorf("short password: %+v", s)
	}
	ok(t, "Kirei-na-hana-2\n", at("user", "create", "--email", "taro@example.com", "--role", "admin", "--password-stdin")...)
	if out := ok(t, "", at("user", "set-role", "--email", "taro@example.com", "--role", "user")...); !strings.Contains(out, "USER") {
		t.Errorf("set-role: %s", out)
	}
	if s := karuta(t, "", at("user", "set-role", "--email", "hanako@example.com", "--role", "user")...); s.code != exitUsage {
		t.Errorf("the last administrator: %+v", s)
	}
	ok(t, "Kirei-na-hana-3\n", at("user", "reset-password", "--email", "taro@example.com", "--password-stdin")...)
	if s := karuta(t, "Kirei-na-hana-3\n", at("user", "reset-password", "--email", "nobody@example.com", "--password-stdin")...); s.code != exitRefused {
		t.Errorf("nobody: %+v", s)
	}
	if out := ok(t, "", at("user", "set-attributes", "--email", "taro@example.com", "region=関東", "department=営業,企画")...); !strings.Contains(out, "department=営業,企画 region=関東") {
		t.Errorf("set-attributes: %s", out)
	}
	if out := ok(t, "", at("user", "set-pii", "--email", "taro@example.com", "on")...); !strings.Contains(out, "true  department=") {
		t.Errorf("set-pii: %s", out)
	}
	if s := karuta(t, "", at("user", "set-attributes", "--email", "taro@example.com", "region=関東", "region=関西")...); s.code != exitUsage {
		t.Errorf("a name twice: %+v", s)
	}
	keys(t, dir)
	addresses(t, dir)
	announcements(t, dir)
	if out := ok(t, "", at("user", "deactivate", "taro@example.com", "--hand-over-to", "hanako@example.com", "--dry-run")...); !strings.Contains(out, "true") || !strings.Contains(out, "handed over 0; owns 0 dashboards, 0 datasets, 0 cards, 0 transforms, 0 filter views, 1 API keys") {
		t.Error(out)
	}
	if s := karuta(t, "", at("user", "deactivate", "taro@example.com", "--hand-over-to", "nobody@example.com")...); s.code != exitRefused {
		t.Error(s)
	}
	if s := karuta(t, "", at("user", "deactivate", "hanako@example.com")...); s.code != exitUsage {
		t.Error("the last administrator:", s)
	}
	if out := ok(t, "", at("user", "deactivate", "taro@example.com", "--hand-over-to", "hanako@example.com")...); !strings.Contains(out, "false") {
		t.Error(out)
	}
	if out := ok(t, "", at("apikey", "list", "--email", "taro@example.com")...); strings.Count(out, "  false  ") != 2 {
		t.Errorf("keys of who left: %s", out)
	}
	if s := karuta(t, "", at("apikey", "create", "--email", "taro@example.com", "--name", "n", "--scope", "Query.me", "--expires", "1d")...); s.code != exitUsage || s.out != "" {
		t.Errorf("a key of who left: %+v", s)
	}
	if out := ok(t, "", at("user", "list")...); strings.Count(out, "\n") != 3 {
		t.Errorf("list: %s", out)
	}
	for _, verb := range []string{"list", "init", "verify"} {
		if out := ok(t, "", at("tables", verb)...); strings.Count(out, " ok\n") < 9 {
			t.Errorf("tables %s: %s", verb, out)
		}
	}
	if s := karuta(t, "not a token\n", at("token", "inspect")...); s.code != exitFailed || !strings.Contains(s.out, "INVALID_TOKEN") {
		t.Errorf("token: %+v", s)
	}
}

// keys makes two keys for taro, and ends the first.
func keys(t *testing.T, dir string) {
	t.Helper()
	at := func(args ...string) []string { return append(args, "--data-dir", dir) }
	create := func(name string, more ...string) said {
		args := append(at("apikey", "create", "--email", "taro@example.com", "--name", name), more...)
		return karuta(t, "", args...)
	}
	day := time.Now().AddDate(0, 0, 30).UTC().Format(time.DateOnly)
	first := create("first", "--scope", "Query.me,Query.dashboards", "--expires", "90d")
	second := create("second", "--scope", "Query.me", "--expires", day)
	for _, s := range []said{first, second} {
		if s.code != 0 || !strings.HasPrefix(s.out, "krt_") || strings.Count(s.out, "\n") != 1 || strings.Contains(s.err, "krt_") {
			t.Fatalf("create: %+v", s)
		}
	}
	for what, s := range map[string]said{
		"no such field":  create("n", "--scope", "Query.nothing", "--expires", "1d"),
		"never a way in": create("n", "--scope", "Mutation.createUser", "--expires", "1d"),
		"too long":       create("n", "--scope", "Query.me", "--expires", "400d"),
		"in the past":    create("n", "--scope", "Query.me", "--expires", "2020-01-01"),
	} {
		if s.code != exitUsage || s.out != "" || !strings.HasPrefix(s.err, "karuta: ") {
			t.Errorf("%s: %+v", what, s)
		}
	}
	id, _, _ := strings.Cut(first.err, " ")
	if out := ok(t, "", at("apikey", "revoke", id)...); !strings.Contains(out, "first  false") {
		t.Errorf("revoke: %s", out)
	}
	if s := karuta(t, "", at("apikey", "revoke", "key_00000000000000000000000000000000")...); s.code != exitRefused {
		t.Errorf("revoke nothing: %+v", s)
	}
	out := ok(t, "", at("apikey", "list", "--email", "taro@example.com")...)
	if all := ok(t, "", at("apikey", "list")...); all != out || !strings.Contains(out, "Query.dashboards,Query.me") || !strings.Contains(out, day) || strings.Count(out, "\n") != 3 {
		t.Errorf("list: %s", out)
	}
	if out := ok(t, "", at("apikey", "list", "--email", "hanako@example.com")...); strings.Count(out, "\n") != 1 {
		t.Errorf("list of hanako's: %s", out)
	}
}

// addresses blocks two networks and answers one of them again.
func addresses(t *testing.T, dir string) {
	t.Helper()
	at := func(args ...string) []string { return append(append([]string{"address"}, args...), "--data-dir", dir) }
	for network, line := range map[string]string{"203.0.113.77/24": "203.0.113.0/24  ", "2001:db8::7": "2001:db8::7/128  "} {
		if out := ok(t, "", at("block", network, "--for", "12h", "--reason", "guesses passwords")...); !strings.Contains(out, line) || !strings.Contains(out, "  operator  ") || !strings.Contains(out, "guesses passwords\n") {
			t.Errorf("block: %s", out)
		}
	}
	if out := ok(t, "", at("unblock", "203.0.113.0/24")...); out != "203.0.113.0/24 is answered again\n" {
		t.Errorf("unblock: %s", out)
	}
	if out := ok(t, "", at("list")...); strings.Contains(out, "203.0.113") || strings.Count(out, "\n") != 2 {
		t.Errorf("list: %s", out)
	}
	if s := karuta(t, "", at("unblock", "203.0.113.0/24")...); s.code != exitRefused {
		t.Errorf("unblocked again: %+v", s)
	}
	for _, network := range []string{"0.0.0.0/0", "nowhere", "203.0.113.0/33"} {
		if s := karuta(t, "", at("block", network, "--for", "1h", "--reason", "r")...); s.code != exitUsage || s.out != "" {
			t.Errorf("%s: %+v", network, s)
		}
	}
}

// announcements tells everybody two things and ends one of them.
func announcements(t *testing.T, dir string) {
	t.Helper()
	at := func(args ...string) []string {
		return append(append([]string{"announcement"}, args...), "--data-dir", dir)
	}
	say := func(args ...string) []string {
		return at(append([]string{"make", "--ja", "18時から停止します。", "--en", "We are away from 18:00."}, args...)...)
	}
	made := ok(t, "", say("--for", "12h", "--severity", "WARNING")...)
	if !strings.Contains(made, "  WARNING   ") || !strings.Contains(made, "  operator  ") || !strings.Contains(made, `  "18時から停止します。"  "We are away from 18:00."`) {
		t.Errorf("make: %s", made)
	}
	tomorrow := time.Now().UTC().AddDate(0, 0, 2).Truncate(24 * time.Hour)
	if out := ok(t, "", say("--until", tomorrow.Format(time.DateOnly))...); !strings.Contains(out, "  INFO      "+tomorrow.Add(-9*time.Hour).Format(time.RFC3339)) {
		t.Errorf("a day begins in Japan: %s", out)
	}
	id := strings.Fields(strings.Split(made, "\n")[1])[0]
	if out := ok(t, "", at("withdraw", id)...); out != id+" is withdrawn\n" {
		t.Errorf("withdraw: %s", out)
	}
	if out := ok(t, "", at("list")...); strings.Contains(out, id) || strings.Count(out, "\n") != 2 {
		t.Errorf("list: %s", out)
	}
	if s := karuta(t, "", at("withdraw", id)...); s.code != exitRefused {
		t.Errorf("withdrawn again: %+v", s)
	}
	for _, wrong := range [][]string{at("withdraw", "ann_1"), say("--for", "721h"), say("--until", "tomorrow"), say("--for=-1h"), say("--for", "1h", "--en", strings.Repeat("a", 501))} {
		if s := karuta(t, "", wrong...); s.code != exitUsage || s.out != "" {
			t.Errorf("%q: %+v", wrong, s)
		}
	}
}

// ENV-4: an operator never has to stop the service to look at it.
func TestOperatorVerbsWhileTheServerRuns(t *testing.T) {
	p := serve(t, t.TempDir())
	operate(t, p.dir)
	if s := karuta(t, "yes\n", "data", "reset", "--data-dir", p.dir); s.code != exitFailed || !strings.Contains(s.err, "stop it first") {
		t.Errorf("reset while it runs: %+v", s)
	}
	if got := ok(t, "", "health", "--url", p.url+"/api/health"); got != "{\"status\":\"ok\"}\n" {
		t.Errorf("health: %q", got)
	}
}

func TestOperatorVerbsWhileNothingRuns(t *testing.T) { operate(t, t.TempDir()) }

// A DynamoDB begins without tables: the verb that makes them needs none, and the others
// say which it is.
func TestTablesAreMadeWhereThereAreNone(t *testing.T) {
	environ := append(environment(), "STORE=dynamodb", "DYNAMODB_ENDPOINT="+testkit.Dynoxide(t), "DATA_DIR="+t.TempDir())
	do := func(args ...string) said {
		var out, problems bytes.Buffer
		code := run(shell{ctx: t.Context(), in: strings.NewReader(""), out: &out, err: &problems, environ: environ}, args)
		return said{code, out.String(), problems.String()}
	}
	if s := do("tables", "verify"); s.code != exitFailed || !strings.Contains(s.out, "missing\n") {
		t.Errorf("before: %+v", s)
	}
	if s := do("user", "list"); s.code != exitFailed || !strings.Contains(s.err, "karuta tables init") {
		t.Errorf("a verb that needs them: %+v", s)
	}
	for range 2 {
		if s := do("tables", "init"); s.code != 0 || strings.Contains(s.out, "missing") {
			t.Fatalf("init: %+v", s)
		}
	}
	if s := do("tables", "verify"); s.code != 0 {
		t.Errorf("after: %+v", s)
	}
}

func csvFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "売上.csv")
	if err := os.WriteFile(path, []byte("日付,金額\n2026-04-01,1200\n2026-04-02,950\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func importing(t *testing.T, dir string) {
	t.Helper()
	at := func(args ...string) []string { return append(args, "--data-dir", dir) }
	ok(t, "Kirei-na-hana-1\n", at("user", "create", "--email", "hanako@example.com", "--role", "user", "--password-stdin")...)
	out := ok(t, "", at("import", csvFile(t), "--owner", "hanako@example.com")...)
	if !strings.Contains(out, "売上: 2 rows") || !strings.Contains(out, "date      日付") || !strings.Contains(out, "int64     金額") {
		t.Errorf("import: %s", out)
	}
	broken := filepath.Join(t.TempDir(), "broken.csv")
	if err := os.WriteFile(broken, []byte("a,b\n1,2\n1,2,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := karuta(t, "", at("import", broken, "--owner", "hanako@example.com")...); s.code != exitFailed || !strings.Contains(s.err, "line 3") {
		t.Errorf("broken file: %+v", s)
	}
	if s := karuta(t, "", at("import", csvFile(t), "--owner", "nobody@example.com")...); s.code != exitRefused {
		t.Errorf("no such owner: %+v", s)
	}
	// ENV-5: twice, because the second time must change nothing.
	first := ok(t, "", at("seed")...)
	second := ok(t, "", at("seed", "--env", "local")...)
	if strings.Count(first, "password Karuta") != 5 || strings.Contains(second, "password Karuta") || !sameLastLine(first, second) {
		t.Errorf("seed:\n%s\nagain:\n%s", first, second)
	}
}

func sameLastLine(a, b string) bool {
	last := func(s string) string {
		lines := strings.Split(strings.TrimSpace(s), "\n")
		return lines[len(lines)-1]
	}
	return last(a) == last(b) && strings.HasPrefix(last(a), "dataset ds_")
}

func TestImportWhileTheServerRuns(t *testing.T) { importing(t, serve(t, t.TempDir()).dir) }

func TestImportWhileNothingRuns(t *testing.T) { importing(t, t.TempDir()) }

// ENV-3: data is erased after a yes and not without one.
func TestDataResetAsks(t *testing.T) {
	dir := t.TempDir()
	ok(t, "Kirei-na-hana-1\n", "user", "create", "--email", "a@example.com", "--role", "user", "--password-stdin", "--data-dir", dir)
	foreign := filepath.Join(dir, "not-ours.txt")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s := karuta(t, "y\n", "data", "reset", "--data-dir", dir); s.code != exitRefused || !strings.Contains(s.out, "Nothing was erased") {
		t.Errorf("without a yes: %+v", s)
	}
	if out := ok(t, "", "user", "list", "--data-dir", dir); !strings.Contains(out, "a@example.com") {
		t.Fatalf("erased without a yes: %s", out)
	}
	ok(t, "yes\n", "data", "reset", "--data-dir", dir)
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "not-ours.txt" {
		t.Errorf("left: %v, %v", left, err)
	}
	if out := ok(t, "", "user", "list", "--data-dir", dir); strings.Contains(out, "a@example.com") {
		t.Errorf("still there: %s", out)
	}
}

// ENV-13: print shows what is in effect, never a secret; check finds misspellings.
func TestConfigVerbs(t *testing.T) {
	secret := strings.Repeat("s", 40)
	sh := func(lines ...string) (shell, *bytes.Buffer, *bytes.Buffer) {
		var out, problems bytes.Buffer
		return shell{ctx: context.Background(), in: strings.NewReader(""), out: &out, err: &problems, environ: lines}, &out, &problems
	}
	s, out, _ := sh("JWT_SECRET_KEY="+secret, "API_PORT=8123")
	if code := run(s, []string{"config", "print", "--data-dir", "/somewhere"}); code != 0 ||
		strings.Contains(out.String(), secret) || !strings.Contains(out.String(), "API_PORT=8123\n") || !strings.Contains(out.String(), "DATA_DIR=/somewhere\n") {
		t.Errorf("exit %d\n%s", code, out)
	}
	s, _, problems := sh("JWT_SECRET_KY=x")
	if code := run(s, []string{"config", "check"}); code != exitUsage || !strings.Contains(problems.String(), "JWT_SECRET_KEY?") {
		t.Errorf("misspelt: exit %d, %s", code, problems)
	}
	s, _, problems = sh("API_PORT=99999")
	if code := run(s, []string{"config", "check"}); code != exitUsage || !strings.Contains(problems.String(), "API_PORT") {
		t.Errorf("bad: exit %d, %s", code, problems)
	}
	s, out, _ = sh()
	if code := run(s, []string{"config", "check"}); code != 0 || out.String() != "ok\n" {
		t.Errorf("nothing wrong: exit %d, %s", code, out)
	}
}

// HLT-3: the exit code is what a container's health check reads.
func TestHealthOfNobody(t *testing.T) {
	if s := karuta(t, "", "health", "--url", "http://127.0.0.1:1/api/health"); s.code != exitFailed || s.err == "" {
		t.Errorf("%+v", s)
	}
}

func TestErrorsSpeakTheTerminalsLanguage(t *testing.T) {
	for lang, word := range map[string]string{"LANG=ja_JP.UTF-8": "見つかりません", "LANG=C.UTF-8": "Not found"} {
		var problems bytes.Buffer
		sh := shell{ctx: context.Background(), in: strings.NewReader("Kirei-na-hana-1"), out: &problems, err: &problems, environ: append(environment(), lang)}
		code := run(sh, []string{"user", "reset-password", "--email", "nobody@example.com", "--password-stdin", "--data-dir", t.TempDir()})
		if code != exitRefused || !strings.Contains(problems.String(), word) {
			t.Errorf("%s: exit %d, %s", lang, code, problems.String())
		}
	}
}
