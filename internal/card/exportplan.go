package card

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/blob"
	"github.com/karuta-bi/karuta/internal/core"
)

// ExportPrefix is the path under which the server hands the rest to OpenExport.
const ExportPrefix = "/exports/"

const (
	exportsFolder = "exports/"
	// exportLifetime is how long an address can be opened.
	exportLifetime = 5 * time.Minute
	// exportKept is how long what was asked for is kept at least.
	exportKept = time.Hour
)

// exportPlan is what an address stands for. It is kept, because the choices may
// be longer than an address can be.
type exportPlan struct {
	Who    core.SignIn `json:"who"`
	Input  ExportInput `json:"input"`
	Digest string      `json:"digest"` // of the file
}

// keepExport writes the plan down and gives its token: its name, its end, and a
// signature over both and the plan.
func (s *Service) keepExport(ctx context.Context, p exportPlan, until time.Time) (string, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	name := randomName()
	if _, err := s.Blobs.Put(ctx, exportKey(name), bytes.NewReader(text)); err != nil {
		return "", err
	}
	body := name + "." + strconv.FormatInt(until.Unix(), 10)
	return base64.RawURLEncoding.EncodeToString([]byte(body + "." + s.signExport(body, text))), nil
}

func exportKey(name string) string { return exportsFolder + name + ".json" }

func (s *Service) signExport(body string, plan []byte) string {
	return s.sign("export", body, string(plan))
}

// exportPlan is the plan of a token. NOT_FOUND for a bad or old one.
func (s *Service) exportPlan(ctx context.Context, token string) (p exportPlan, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	name, rest, _ := strings.Cut(string(raw), ".")
	end, signature, _ := strings.Cut(rest, ".")
	if random, bad := hex.DecodeString(name); err != nil || bad != nil || len(random) != 16 {
		return p, core.NotFound("token")
	}
	until, err := strconv.ParseInt(end, 10, 64)
	if err != nil || time.Now().Unix() > until {
		return p, core.NotFound("token")
	}
	text, err := s.readExport(ctx, name)
	if err != nil {
		return p, err
	}
	if !hmac.Equal([]byte(signature), []byte(s.signExport(name+"."+end, text))) {
		return p, core.NotFound("token")
	}
	return p, json.Unmarshal(text, &p)
}

func (s *Service) readExport(ctx context.Context, name string) ([]byte, error) {
	body, _, err := s.Blobs.Get(ctx, exportKey(name))
	if errors.Is(err, blob.ErrNotFound) {
		return nil, core.NotFound("token")
	}
	if err != nil {
		return nil, core.Internal("read export", err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, core.Internal("read export", err)
	}
	return text, nil
}

// notThere hides why an address does not work, unless something is out of order.
func notThere(cause error) error {
	switch core.CodeOf(cause) {
	case core.CodeInternal, core.CodeUnavailable:
		return cause
	}
	hidden := core.NotFound("token")
	hidden.Cause = cause
	return hidden
}
