package server_test

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

const exportOffer = `mutation($input: ExportDatasetInput!) { exportDataset(input: $input) { url expiresAt fileName } }`

// exporter is a house whose executor writes the file.
func exporter(t *testing.T, file string) *house {
	e := obliging(t)
	e.Export = func(client.ExportRequest) (int64, string, *client.Problem) { return 3, file, nil }
	return openHouse(t, site{file: filepath.Join(t.TempDir(), "karuta.db"), blobs: accesstest.NewBlobs(), executor: e.Client()})
}

// offered is the address and the name of a file with a dataset of the person's.
func (h *house) offered(t *testing.T, id, token string) (address, name string) {
	t.Helper()
	d := h.Dataset(&core.User{ID: id}, columns()...)
	offer := h.ask(token, exportOffer, input("id", d.ID, "format", "CSV")).object(t, "exportDataset")
	return offer["url"].(string), offer["fileName"].(string)
}

// SH-9: a file comes as one to be saved, under its own name, and is kept nowhere on the way.
func TestExportedFile(t *testing.T) {
	h := exporter(t, "\ufeff地域\r\n")
	id, token := h.user(core.RoleUser)
	address, name := h.offered(t, id, token)
	a := h.send(get(address))
	if a.StatusCode != 200 || a.text != "\ufeff地域\r\n" || a.Header.Get("Content-Length") != "11" {
		t.Fatalf("%d %v %q", a.StatusCode, a.Header, a.text)
	}
	for header, want := range map[string]string{
		"Content-Type": "text/csv", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Security-Policy": "sandbox; default-src 'none'",
	} {
		if got := a.Header.Get(header); got != want {
			t.Errorf("%s: %q", header, got)
		}
	}
	said := a.Header.Get("Content-Disposition")
	kind, params, err := mime.ParseMediaType(strings.Replace(said, `filename="`, `plain="`, 1))
	if err != nil || kind != "attachment" || params["filename"] != name || !strings.HasPrefix(name, "売上 ") || !strings.HasPrefix(params["plain"], "__ ") {
		t.Errorf("%q for %q: %v", said, name, err)
	}
	head := get(address)
	head.Method = "HEAD"
	for what, r := range map[string]*http.Request{"head": head, "with a body": httptest.NewRequest("GET", address, strings.NewReader("x"))} {
		if a := h.send(r); a.StatusCode != 404 {
			t.Errorf("%s: %d", what, a.StatusCode)
		}
	}
	if n := len(h.Events(core.EventDataExported)); n != 1 {
		t.Errorf("%d lines", n)
	}
}

func TestAnAddressEndsWithTheSignIn(t *testing.T) {
	h := exporter(t, "a\r\n")
	id, token := h.user(core.RoleUser)
	secret := h.ask(token, `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }`,
		input("name", "帳票", "scopes", []string{"Mutation.exportDataset"}, "expiresAt", time.Now().AddDate(0, 0, 7).Format(time.DateOnly)))
	key := secret.object(t, "createApiKey")
	byKey, _ := h.offered(t, id, key["secret"].(string))
	bySession, _ := h.offered(t, id, token)
	for _, address := range []string{byKey, bySession} {
		if a := h.send(get(address)); a.StatusCode != 200 {
			t.Fatalf("%d %s", a.StatusCode, a.text)
		}
	}
	h.ask(token, `mutation($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id } } }`, input("id", key["apiKey"].(map[string]any)["id"]))
	if a := h.send(get(byKey)); a.StatusCode != 404 {
		t.Errorf("with a revoked key: %d", a.StatusCode)
	}
	if a := h.send(get(bySession)); a.StatusCode != 200 {
		t.Errorf("the session's own: %d", a.StatusCode)
	}
	h.ask(token, `mutation { logout { loggedOut } }`, nil)
	if a := h.send(get(bySession)); a.StatusCode != 404 {
		t.Errorf("after leaving: %d", a.StatusCode)
	}
}

// Who reads nothing for a minute is waited for no longer.
func TestWhoStopsReadingIsLeft(t *testing.T) {
	if os.Getenv("KARUTA_LONG") == "" {
		t.Skip("not run here: it waits for a minute, see KARUTA_LONG")
	}
	h := exporter(t, strings.Repeat("x", 64<<20)) // more than lies on the way
	id, token := h.user(core.RoleUser)
	address, _ := h.offered(t, id, token)
	srv := httptest.NewServer(h.handler)
	defer srv.Close()
	resp, err := http.Get(srv.URL + address)
	must(t, err)
	defer resp.Body.Close()
	time.Sleep(70 * time.Second)
	if n, err := io.Copy(io.Discard, resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("%d bytes, %v", n, err)
	}
}
