package karuta_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// The pages' plotly.js must be the one that the cards' plotly writes for.
func TestPlotlyOnBothSides(t *testing.T) {
	python, err := os.ReadFile("bin/python/lib/python3.11/site-packages/plotly/offline/_plotlyjs_version.py")
	if err != nil {
		t.Skip("not run here: bin/python is not built (make build)")
	}
	var pages struct{ Dependencies map[string]string }
	text, err := os.ReadFile("web/package.json")
	if err == nil {
		err = json.Unmarshal(text, &pages)
	}
	if err != nil {
		t.Fatal(err)
	}
	version := pages.Dependencies["plotly.js-strict-dist-min"]
	if version == "" || !bytes.Contains(python, []byte(`"`+version+`"`)) {
		t.Errorf("the pages bring plotly.js %s, the cards' library says\n%s", version, python)
	}
}
