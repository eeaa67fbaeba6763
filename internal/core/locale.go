package core

import (
	"fmt"
	"strconv"
	"strings"
)

// Locale is a language of the interface.
type Locale string

// The two languages Karuta speaks. Japanese is the default.
const (
	Japanese Locale = "ja"
	English  Locale = "en"
)

// ParseAcceptLanguage picks the first language of an Accept-Language header
// (RFC 9110 §12.5.4, weights ignored) that Karuta speaks, else Japanese.
func ParseAcceptLanguage(header string) Locale {
	for part := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch base, _, _ := strings.Cut(strings.ToLower(tag), "-"); base {
		case "ja":
			return Japanese
		case "en":
			return English
		}
	}
	return Japanese
}

// Sentence is what a person reads for the error: the sentence of "CODE.reason",
// else of "CODE", with {placeholders} filled from the error's Args.
func Sentence(l Locale, e *Error) string {
	text, ok := sentences[string(e.Code)+"."+e.Reason]
	if !ok {
		text, ok = sentences[string(e.Code)]
	}
	if !ok {
		text = sentences[string(CodeInternal)]
	}
	return fill(text.in(l), l, e.Args)
}

// fill puts values into a sentence's {placeholders}. What stands in a value is no
// placeholder.
func fill(s string, l Locale, args map[string]any) string {
	var places []string
	for k, v := range args {
		places = append(places, "{"+k+"}", spoken(l, v))
	}
	return strings.NewReplacer(places...).Replace(s)
}

// spoken writes a value as people read it, another error as its sentence. A whole
// number that went through JSON is a float64 by now, and not 1e+06.
func spoken(l Locale, v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case *Error:
		return Sentence(l, v)
	}
	return fmt.Sprint(v)
}

type text struct{ ja, en string }
