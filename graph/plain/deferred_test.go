package plain

import "testing"

func TestWhatIsStillToComeIsNotThere(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1}`:                                `{"a":1}`,
		"{\"a\":\x00}":                           `{}`,
		"{\"a\":\x00,\"b\":1}":                   `{"b":1}`,
		"{\"a\":1,\"b\":\x00}":                   `{"a":1}`,
		"{\"a\":1,\"b\":\x00,\"c\":3}":           `{"a":1,"c":3}`,
		"{\"a\":\x00,\"b\":\x00,\"c\":3}":        `{"c":3}`,
		"{\"a\":\x00,\"b\":\x00}":                `{}`,
		"{\"a\":[{\"b\":\x00},{\"b\":\x00}]}":    `{"a":[{},{}]}`,
		"{\"a\":{\"b\":\x00},\"c\":\x00}":        `{"a":{}}`,
		"{\"x\":\"\\u0000\",\"b\":\x00,\"c\":3}": `{"x":"\u0000","c":3}`,
	} {
		if got := string(Arrived([]byte(text))); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
