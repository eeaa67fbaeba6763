package telemetry

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

const hidden = "[hidden]"

// What stands around a name in JSON, in JSON within text, and in Python, and a
// value that is quoted in one of these ways or not at all.
const (
	quote       = `\\?["']`
	secretValue = `(\[hidden\]|\\"[^"]*"|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s",;&}\]]+)`
)

// maskRules are applied in order: whole secrets first, then personal data.
// They replace too much rather than too little.
var maskRules = []struct {
	find *regexp.Regexp
	with func(match []string) string
}{
	{regexp.MustCompile(`krt_[0-9a-f]{8,}_[\w-]+`), always("[key]")},
	{regexp.MustCompile(`eyJ[\w-]{6,}\.[\w-]+\.[\w-]*`), always("[token]")},
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}`), func(m []string) string { return m[1] + " [token]" }},
	{regexp.MustCompile(`\$2[abxy]?\$\d\d\$[./0-9A-Za-z]{53}`), always("[hash]")},
	{regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`), always("[key]")},
	{regexp.MustCompile(`://[^\s/@]+@`), always("://" + hidden + "@")},
	{regexp.MustCompile(`(?i)(password|passwd|パスワード|secret|api[_-]?key)((?:` + quote + `)?\s*[:=：]\s*)` + secretValue), hideThird},
	{regexp.MustCompile(`(?i)(token|signature)(=|:|` + quote + `\s*:\s*)` + secretValue), hideThird},
	{regexp.MustCompile(`([\p{L}\p{N}._%+'-]+)[@＠]([\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+)`), func(m []string) string { return maskedEmail(m[1], m[2]) }},
	{regexp.MustCompile(`\+(\d{1,3})[- ]?\(?\d{1,4}\)?[- ]?\d{1,4}[- ]?(\d{4})\b`), func(m []string) string { return "+" + m[1] + "-****-" + m[2] }},
	{regexp.MustCompile(`\b(0\d{1,4})[- ]\d{1,4}[- ](\d{4})\b`), maskedPhone},
	{regexp.MustCompile(`\b(0[5789]0)\d{4}(\d{4})\b`), maskedPhone},
	{regexp.MustCompile(`\b(0[1-9])\d{4}(\d{4})\b`), maskedPhone},
}

func always(text string) func([]string) string { return func([]string) string { return text } }

func hideThird(m []string) string { return m[1] + m[2] + hidden }

func maskedPhone(m []string) string { return m[1] + "-****-" + m[2] }

func maskedEmail(local, domain string) string {
	r, _ := utf8.DecodeRuneInString(local)
	return string(r) + "***@" + domain
}

// Mask replaces personal data and secrets in free text: addresses as
// "t***@example.com", telephone numbers as "090-****-1234", tokens, hashes, keys
// and passwords altogether.
func Mask(text string) string {
	if !strings.ContainsAny(text, "@＠:=$：0123456789 \t\n") && !strings.Contains(text, "eyJ") {
		return text // nothing any rule could find
	}
	for _, rule := range maskRules {
		text = replaceAll(rule.find, text, rule.with)
	}
	return text
}

func replaceAll(find *regexp.Regexp, text string, with func([]string) string) string {
	found := find.FindAllStringSubmatchIndex(text, -1)
	if found == nil {
		return text
	}
	var b strings.Builder
	at := 0
	for _, loc := range found {
		groups := make([]string, len(loc)/2)
		for i := range groups {
			if loc[2*i] >= 0 {
				groups[i] = text[loc[2*i]:loc[2*i+1]]
			}
		}
		b.WriteString(text[at:loc[0]])
		b.WriteString(with(groups))
		at = loc[1]
	}
	b.WriteString(text[at:])
	return b.String()
}

// MaskName keeps the family name, which in Japanese comes first: "田中 太郎" is
// "田中 *". Of a name in one piece the first character is kept.
func MaskName(name string) string {
	family, _, parted := strings.Cut(strings.ReplaceAll(strings.TrimSpace(name), "　", " "), " ")
	if family == "" {
		return ""
	}
	if !parted {
		r, _ := utf8.DecodeRuneInString(family)
		family = string(r)
	}
	return family + " *"
}

// MaskField masks a value by its name too: what stands under "password",
// "secret", "token" and the like is hidden altogether, and under "user_name"
// stands a person's name.
func MaskField(name, value string) string {
	switch {
	case neverShown(name):
		return hidden
	case name == "user_name" || name == "userName":
		return MaskName(value)
	}
	return Mask(value)
}
