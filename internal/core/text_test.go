package core

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckName(t *testing.T) { // DS-1, CD-1, DB-1
	cases := map[string]struct{ in, want, reason string }{
		"plain":         {in: "売上 2026", want: "売上 2026"},
		"trimmed":       {in: " \t売上\n", want: "売上"},
		"emoji":         {in: "📈 売上 👩‍🔬", want: "📈 売上 👩‍🔬"},
		"right to left": {in: "\u200fمبيعات\u202a x", want: "\u200fمبيعات\u202a x"},
		"longest":       {in: strings.Repeat("あ", MaxName), want: strings.Repeat("あ", MaxName)},
		"too long":      {in: strings.Repeat("あ", MaxName+1), reason: "too_long"},
		"a megabyte":    {in: strings.Repeat("x", 1<<20), reason: "too_long"},
		"empty":         {in: "", reason: "required"},
		"blank":         {in: " \u3000\n ", reason: "required"},
		"line end":      {in: "a\nb", reason: "control_characters"},
		"NUL":           {in: "a\x00b", reason: "control_characters"},
		"escape":        {in: "a\x1b[31m", reason: "control_characters"},
		"C1 control":    {in: "a\u0085b", reason: "control_characters"},
		"invalid UTF-8": {in: "a\xffb", reason: "control_characters"},
		"U+FFFD itself": {in: "a\ufffdb", want: "a\ufffdb"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := CheckName("input.name", c.in)
			wantReason(t, err, "input.name", c.reason)
			if err == nil && got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCheckText(t *testing.T) { // DS-1
	for text, reason := range map[string]string{
		"": "", "a\r\n\tb": "", strings.Repeat("あ", 10): "",
		strings.Repeat("あ", 11): "too_long", "a\x00": "control_characters", "\xff": "control_characters",
	} {
		wantReason(t, CheckText("f", text, 10), "f", reason)
	}
}

func wantReason(t *testing.T, err error, field, reason string) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	switch {
	case reason == "" && err != nil:
		t.Errorf("unexpected %v", err)
	case reason != "" && (!ok || e.Code != CodeValidation || e.Reason != reason || e.Field != field):
		t.Errorf("got %v, want VALIDATION_ERROR.%s at %s", err, reason, field)
	}
}
