package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Client is somebody who speaks GraphQL to a server, signed in or not.
type Client struct {
	URL   string
	Token string
}

// Problem is one entry of an answer's errors.
type Problem struct {
	Message    string         `json:"message"`
	Path       []any          `json:"path"`
	Extensions map[string]any `json:"extensions"`
}

// Code is the problem's stable code.
func (p Problem) Code() string { return fmt.Sprint(p.Extensions["code"]) }

// Answer is what came back: data to look into with Get, and problems.
type Answer struct {
	Status int
	Data   map[string]any `json:"data"`
	Errors []Problem      `json:"errors"`
	Raw    string
}

// Code is the code of the first problem, "" when there is none.
func (a Answer) Code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Code()
}

// Get walks into the data along a dotted path: "dashboard.cards.0.result.html".
func (a Answer) Get(path string) any {
	var at any = a.Data
	for step := range strings.SplitSeq(path, ".") {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			i := 0
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(v) {
				return nil
			}
			at = v[i]
		default:
			return nil
		}
	}
	return at
}

// Str is Get as text, "" for nothing.
func (a Answer) Str(path string) string {
	s, _ := a.Get(path).(string)
	return s
}

// Do sends one operation.
func (c Client) Do(t testing.TB, query string, vars map[string]any) Answer {
	t.Helper()
	a, err := c.Try(t.Context(), query, vars)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Must sends one operation that has to succeed.
func (c Client) Must(t testing.TB, query string, vars map[string]any) Answer {
	t.Helper()
	a := c.Do(t, query, vars)
	if len(a.Errors) > 0 {
		t.Fatalf("%s\n%s", query, a.Raw)
	}
	return a
}

// Upload sends one operation with a file for the variable at the given path
// (GraphQL multipart request specification).
func (c Client) Upload(t testing.TB, query string, vars map[string]any, at, filename string, file io.Reader) Answer {
	t.Helper()
	a, err := c.TryUpload(t.Context(), query, vars, at, filename, file)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TryUpload is Upload for one that may be cut off.
func (c Client) TryUpload(ctx context.Context, query string, vars map[string]any, at, filename string, file io.Reader) (Answer, error) {
	pr, pw := io.Pipe()
	form := multipart.NewWriter(pw)
	go func() { pw.CloseWithError(writeForm(form, query, vars, at, filename, file)) }()
	return c.post(ctx, form.FormDataContentType(), pr)
}

func writeForm(form *multipart.Writer, query string, vars map[string]any, at, filename string, file io.Reader) error {
	operations, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		return err
	}
	if err := form.WriteField("operations", string(operations)); err != nil {
		return err
	}
	if err := form.WriteField("map", fmt.Sprintf(`{"0":[%q]}`, at)); err != nil {
		return err
	}
	part, err := form.CreateFormFile("0", filename)
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, file); err != nil {
		return err
	}
	return form.Close()
}

// Try sends one operation from a goroutine of a test's, or one that may be cut off.
func (c Client) Try(ctx context.Context, query string, vars map[string]any) (Answer, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		return Answer{}, err
	}
	return c.post(ctx, "application/json", bytes.NewReader(body))
}

func (c Client) post(ctx context.Context, contentType string, body io.Reader) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/graphql", body)
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/graphql-response+json")
	req.Header.Set("X-Karuta-Client", "test")
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Status: resp.StatusCode, Raw: string(raw)}
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, fmt.Errorf("not JSON (%d): %.300s", resp.StatusCode, raw)
	}
	return a, nil
}

// ImportCSV imports a file as a new dataset and waits for it to be ready.
func (c Client) ImportCSV(t testing.TB, name, filename string, file io.Reader) (datasetID string) {
	t.Helper()
	a := c.Upload(t, `mutation($name:String!,$file:Upload!){importCsv(input:{name:$name,file:$file}){job{id}}}`,
		map[string]any{"name": name, "file": nil}, "variables.file", filename, file)
	if len(a.Errors) > 0 {
		t.Fatal(a.Raw)
	}
	job := c.AwaitJob(t, a.Str("importCsv.job.id"))
	if job.Str("importJob.status") != "SUCCEEDED" {
		t.Fatal(job.Raw)
	}
	return job.Str("importJob.dataset.id")
}

// ImportApproved imports a file as ImportCSV does, of which an administrator says
// that no column holds data of people, whatever is found.
func (c Client) ImportApproved(t testing.TB, admin Client, name, filename, text string) (datasetID string) {
	t.Helper()
	a := c.Upload(t, `mutation($name:String!,$file:Upload!){importCsv(input:{name:$name,file:$file}){job{id}}}`,
		map[string]any{"name": name, "file": nil}, "variables.file", filename, strings.NewReader(text))
	id := a.Str("importCsv.job.id")
	c.AwaitJob(t, id)
	header, _, _ := strings.Cut(text, "\n")
	var classes []any
	for _, column := range strings.Split(header, ",") {
		classes = append(classes, map[string]any{"column": column, "class": "NONE"})
	}
	admin.Must(t, `mutation($input:ConfirmImportInput!){confirmImport(input:$input){job{id}}}`,
		map[string]any{"input": map[string]any{"jobId": id, "classes": classes}})
	return c.AwaitJob(t, id).Str("importJob.dataset.id")
}

// AwaitJob asks for an import until it has ended.
func (c Client) AwaitJob(t testing.TB, id string) Answer {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		a := c.Must(t, `query($id:ID!){importJob(id:$id){status progress dataset{id name rowCount columns{name type}} error{code message line column}}}`,
			map[string]any{"id": id})
		if s := a.Str("importJob.status"); s != "QUEUED" && s != "RUNNING" {
			return a
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the test ended before the import did")
		}
	}
}
