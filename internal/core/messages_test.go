package core

import (
	"maps"
	"regexp"
	"strings"
	"testing"
)

// ERR-2: people read no technical words, hosts, addresses or stack words.
var technical = regexp.MustCompile(`(?i)\b(sql|select|insert|null pointer|stack|traceback|exception|panic|goroutine|dynamodb|bbolt|s3|redis|localhost|http|json|utf|uuid|token|server|database|timeout|internal error|\d+\.\d+\.\d+\.\d+)\b|/[a-z]+/[a-z]`)

func TestSentencesSpeakToPeople(t *testing.T) {
	all := maps.Clone(sentences)
	for kind, s := range pathSentences {
		all["path "+string(kind)] = s
	}
	for kind, s := range missingSentences {
		all["missing "+string(kind)] = s
	}
	for key, s := range all {
		for lang, text := range map[string]string{"ja": s.ja, "en": s.en} {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s has no %s sentence", key, lang)
			}
			if word := technical.FindString(text); word != "" {
				t.Errorf("%s (%s) says %q: %s", key, lang, word, text)
			}
		}
		if !regexp.MustCompile(`[ぁ-んァ-ヶ一-龠]`).MatchString(s.ja) {
			t.Errorf("%s: the Japanese sentence is not Japanese: %s", key, s.ja)
		}
		if strings.Count(s.ja, "{") != strings.Count(s.en, "{") {
			t.Errorf("%s: the two languages fill different places", key)
		}
	}
}

// What people are told speaks to them, with names and without.
func TestNoticesSpeakToPeople(t *testing.T) {
	for _, kind := range NoticeKinds() {
		for _, s := range noticeSentences[kind] {
			if !regexp.MustCompile(`[ぁ-んァ-ヶ一-龠]`).MatchString(s.ja) || technical.MatchString(s.ja+" "+s.en) || strings.Count(s.ja, "{") != strings.Count(s.en, "{") {
				t.Errorf("%s: %s %s", kind, s.ja, s.en)
			}
		}
	}
	if got := NoticeSentence(English, NoticeShared, "{what}", "Sales"); got != "{what} shared “Sales” with you." {
		t.Error(got)
	}
	if got := NoticeSentence(Japanese, NoticeShared, "花子", ""); got != "ダッシュボードが共有されました。" {
		t.Error(got)
	}
}

func TestEveryCodeHasASentenceAndAStatus(t *testing.T) {
	for _, c := range Codes() {
		if _, ok := sentences[string(c)]; !ok {
			t.Errorf("%s has no sentence", c)
		}
		if s := c.HTTPStatus(); s < 400 || s > 599 {
			t.Errorf("%s has status %d", c, s)
		}
	}
	for key := range sentences {
		code, _, _ := strings.Cut(key, ".")
		if _, ok := httpStatus[Code(code)]; !ok {
			t.Errorf("sentence %s belongs to no code", key)
		}
	}
}

func TestSentenceFillsPlacesAndFallsBack(t *testing.T) {
	e := Invalid("input.name", "too_long", "max", 200)
	if got := Sentence(English, e); got != "Please use at most 200 characters." {
		t.Error(got)
	}
	if got := Sentence(Japanese, e); got != "200文字以内で入力してください。" {
		t.Error(got)
	}
	e.Reason = "no such reason"
	if got := Sentence(English, e); got != sentences["VALIDATION_ERROR"].en {
		t.Error(got)
	}
}

func TestSentenceNamesLargeNumbersInFull(t *testing.T) {
	e := &Error{Code: CodeCSVParse, Args: map[string]any{"line": float64(1234567)}} // as JSON gives it back
	if got := Sentence(English, e); !strings.Contains(got, "line 1234567.") {
		t.Error(got)
	}
}

func TestParseAcceptLanguage(t *testing.T) {
	for header, want := range map[string]Locale{
		"": Japanese, "fr": Japanese, "en-US,en;q=0.9": English, "fr, ja;q=0.5": Japanese, "JA": Japanese, ";;,": Japanese,
	} {
		if got := ParseAcceptLanguage(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
