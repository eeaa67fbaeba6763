package server

import (
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/schema"
	"github.com/karuta-bi/karuta/server/door"
)

// maxMap is how long the part "map" of an upload may be.
const maxMap = 4 << 10

// decodeMultipart reads an upload after the "GraphQL multipart request
// specification": the parts operations, map, and one file. The file is not read
// here: the operation reads it from the network as it goes.
func decodeMultipart(r *http.Request, boundary string, held *door.Held) (*request, error) {
	if !preflighted(r) {
		return nil, &refusal{core.Forbidden("preflight")}
	}
	if boundary == "" {
		return nil, refuse(http.StatusBadRequest, "", "unreadable")
	}
	parts := multipart.NewReader(r.Body, boundary)
	operations, err := readPart(parts, held, "operations", maxBody)
	if err != nil {
		return nil, err
	}
	req := &request{upload: true}
	if err := unmarshal(operations, req); err != nil {
		return nil, err
	}
	places, err := readPart(parts, held, "map", maxMap)
	if err != nil {
		return nil, err
	}
	if err := req.attach(parts, places); err != nil {
		return nil, err
	}
	return req, req.check()
}

func readPart(parts *multipart.Reader, held *door.Held, name string, limit int64) ([]byte, error) {
	part, err := parts.NextPart()
	if err == io.EOF || err == nil && part.FormName() != name {
		return nil, missing(name, name)
	}
	if err != nil {
		return nil, bodyProblem(err)
	}
	text, err := io.ReadAll(held.Reader(io.LimitReader(part, limit+1)))
	if err != nil {
		return nil, bodyProblem(err)
	}
	if int64(len(text)) > limit {
		return nil, refuse(http.StatusRequestEntityTooLarge, name, "request_too_large")
	}
	return text, nil
}

// missing refuses an upload without a part in its place.
func missing(field, part string) *refusal {
	return &refusal{core.Invalid(field, "part_missing", "part", part)}
}

// attach puts the file in its place among the variables.
func (req *request) attach(parts *multipart.Reader, places []byte) error {
	var paths map[string][]string
	if unmarshal(places, &paths) != nil {
		return refuse(http.StatusBadRequest, "map", "bad_value")
	}
	if len(paths) == 0 {
		return nil
	}
	part, err := parts.NextPart()
	if err == io.EOF {
		return missing("map", "file")
	}
	if err != nil {
		return bodyProblem(err)
	}
	to, ok := paths[part.FormName()]
	if len(paths) != 1 || !ok || len(to) != 1 {
		return refuse(http.StatusBadRequest, "map", "one_file")
	}
	if !place(req.Variables, to[0], &schema.File{Name: part.FileName(), Body: part}) {
		return refuse(http.StatusBadRequest, "map", "bad_value")
	}
	return nil
}

// place puts the file where the path says, as in variables.input.file. There
// must be a null.
func place(variables map[string]any, path string, file *schema.File) bool {
	names := strings.Split(path, ".")
	if len(names) < 2 || len(names) > 5 || names[0] != "variables" {
		return false
	}
	object, last := variables, len(names)-1
	for _, name := range names[1:last] {
		inner, ok := object[name].(map[string]any)
		if !ok {
			return false
		}
		object = inner
	}
	if was, there := object[names[last]]; !there || was != nil {
		return false
	}
	object[names[last]] = file
	return true
}
