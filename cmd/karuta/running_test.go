package main

import (
	"context"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
)

const (
	login       = `mutation($input: LoginInput!) { login(input: $input) { accessToken } }`
	createCard  = `mutation($input: CreateCardInput!) { createCard(input: $input) { card { id } } }`
	executeCard = `mutation($input: ExecuteCardInput!) { executeCard(input: $input) { result { html } } }`

	endless = "def render(dataset, filters, params):\n    while True:\n        pass\n"
	short   = "def render(dataset, filters, params):\n    return f'{len(dataset)} rows'\n"
)

// author is a person on a running server with a dataset and cards over it.
type author struct {
	apptest.Client
	dataset string
}

func newAuthor(t *testing.T, p *process) *author {
	t.Helper()
	apptest.NeedsPython(t)
	ok(t, "Kirei-na-hana-1\n", "user", "create", "--email", "hanako@example.com", "--role", "user", "--password-stdin", "--data-dir", p.dir)
	a := &author{Client: apptest.Client{URL: p.url}}
	a.Token = a.Must(t, login, input("email", "hanako@example.com", "password", "Kirei-na-hana-1")).Str("login.accessToken")
	a.dataset = a.ImportCSV(t, "売上", "sales.csv", strings.NewReader("日付,金額\n2026-04-01,1200\n2026-04-02,950\n"))
	return a
}

func input(pairs ...any) map[string]any {
	fields := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		fields[pairs[i].(string)] = pairs[i+1]
	}
	return map[string]any{"input": fields}
}

func (a *author) card(t *testing.T, code string) (id string) {
	t.Helper()
	return a.Must(t, createCard, input("name", "札", "datasetId", a.dataset, "code", code)).Str("createCard.card.id")
}

// running starts an endless card and waits until its process is there.
func (a *author) running(t *testing.T, p *process) (answer chan apptest.Answer, all []live) {
	t.Helper()
	card := a.card(t, endless)
	count := func() int {
		all = descendants(t, p.cmd.Process.Pid)
		return len(slices.DeleteFunc(slices.Clone(all), func(l live) bool { return !strings.Contains(l.name, "python") }))
	}
	before := count()
	answer = make(chan apptest.Answer, 1)
	go func() {
		if got, err := a.Try(context.Background(), executeCard, input("cardId", card)); err == nil {
			answer <- got
		}
		close(answer)
	}()
	until(t, func() bool { return count() > before })
	return answer, all
}

func TestNoRunOutlivesAKilledServer(t *testing.T) {
	p := serve(t, t.TempDir())
	_, all := newAuthor(t, p).running(t, p)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		l.gone(t)
	}
}

// CD-3: a run that the crash of the executor ends says so, and the next one works.
func TestARunEndsClearlyWhenTheExecutorCrashes(t *testing.T) {
	p := serve(t, t.TempDir())
	a := newAuthor(t, p)
	answer, all := a.running(t, p)
	executor := p.executor(t, 0)
	if err := syscall.Kill(executor.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	got, came := <-answer
	if !came || got.Code() != "EXECUTION_ERROR" || !strings.Contains(got.Raw, "実行") {
		t.Errorf("the run under way: %t %s", came, got.Raw)
	}
	for _, l := range all {
		if l.pid == executor.pid || strings.Contains(l.name, "python") {
			l.gone(t)
		}
	}
	again := a.Must(t, executeCard, input("cardId", a.card(t, short)))
	if html := again.Str("executeCard.result.html"); html != "2 rows" {
		t.Errorf("the next run: %s", again.Raw)
	}
}
