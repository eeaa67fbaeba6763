package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 16 << 20

// do sends an operation and reads its data into out. Errors: a *Problem where the
// server refused it, others where it was not reached or is no Karuta.
func (s *Server) do(ctx context.Context, id string, variables map[string]any, out any) error {
	req := s.ask(id, variables)
	body, err := json.Marshal(req)
	if err != nil {
		return err
	}
	err = s.post(ctx, "application/json", bytes.NewReader(body), out)
	if p, _ := errors.AsType[*Problem](err); s.unknown(req, p) {
		return s.do(ctx, id, variables, out)
	}
	return err
}

// upload sends an operation whose variable input.file is a file.
func (s *Server) upload(ctx context.Context, id string, variables map[string]any, filename string, file io.Reader, out any) error {
	// Without its variables the operation does nothing; but the answer tells who is
	// let in and how the operation is to be sent, before the file is.
	err := s.do(ctx, id, nil, nil)
	if p, ok := errors.AsType[*Problem](err); err != nil && (!ok || p.Code != core.CodeGraphQLValidation && p.Code != core.CodeValidation) {
		return err
	}
	operations, err := json.Marshal(s.ask(id, variables))
	if err != nil {
		return err
	}
	pr, pw := io.Pipe()
	form := multipart.NewWriter(pw)
	go func() { pw.CloseWithError(writeForm(form, operations, filename, file)) }()
	defer func() { _ = pr.Close() }()
	return s.post(ctx, form.FormDataContentType(), pr, out)
}

// writeForm writes an upload after the GraphQL multipart request specification.
func writeForm(form *multipart.Writer, operations []byte, filename string, file io.Reader) error {
	if err := form.WriteField("operations", string(operations)); err != nil {
		return err
	}
	if err := form.WriteField("map", `{"0":["variables.input.file"]}`); err != nil {
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

func (s *Server) post(ctx context.Context, contentType string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base.JoinPath("graphql").String(), body)
	if err != nil {
		return err
	}
	token, err := s.Token()
	if err != nil {
		return err
	}
	s.header(req.Header)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/graphql-response+json, application/json;q=0.9")
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	s.reached.Store(time.Now().UnixNano())
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	return read(text, resp.Status, out)
}

// header is what the program says of itself.
func (s *Server) header(h http.Header) {
	h.Set("Apollographql-Client-Name", "karuta")
	h.Set("Accept-Language", string(s.Locale))
}

// read reads an answer.
func read(text []byte, status string, out any) error {
	if p := problemOf(text); p != nil {
		return p
	}
	var answer struct{ Data json.RawMessage }
	if json.Unmarshal(text, &answer) != nil || len(answer.Data) == 0 {
		return fmt.Errorf("no Karuta answers at this address (%s)", status)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Data, out)
}
