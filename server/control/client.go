package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// Call asks the Karuta that runs on the data folder to do a verb and reads its
// result into out (nil to drop it). file may be nil. Errors: [ErrNotRunning]
// when nothing runs there, a *core.Error when the verb failed. What the verb tells
// meanwhile goes to who hears it in the context; see [Hear].
func Call(ctx context.Context, dataDir, verb string, args any, file io.Reader, out any) error {
	line, err := json.Marshal(args)
	if err != nil {
		return err
	}
	if file == nil {
		file = http.NoBody
	}
	body := io.MultiReader(bytes.NewReader(append(line, '\n')), file)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://karuta/"+verb, body)
	if err != nil {
		return err
	}
	// Dialled first, so that "nothing is running" is told apart from a lost call.
	conn, err := dial(ctx, dataDir)
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	return read(ctx, resp, out)
}

// read reads an answer up to its result.
func read(ctx context.Context, resp *http.Response, out any) error {
	for dec := json.NewDecoder(resp.Body); ; {
		var r reply
		switch err := dec.Decode(&r); {
		case err != nil && resp.StatusCode == http.StatusNotFound: // in no words of ours
			return errors.New("the Karuta that runs on this data folder is another build, which does not know this verb")
		case err != nil:
			return fmt.Errorf("control: status %d: %w", resp.StatusCode, err)
		}
		switch {
		case r.Told != nil:
			Tell(ctx, r.Told)
			continue
		case r.Refusal != nil:
			return r.Refusal.error()
		case out == nil:
			return nil
		}
		if err := json.Unmarshal(r.Result, out); err != nil {
			return fmt.Errorf("control: answer: %w", err)
		}
		return nil
	}
}
