package core

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ERR-2: people read no technical words, hosts, addresses or stack words.
var technical = regexp.MustCompile(`(?i)\b(sql|select|insert|null pointer|stack|traceback|exception|panic|goroutine|dynamodb|bbolt|s3|redis|localhost|http|json|utf|uuid|token|server|database|timeout|internal error|\d+\.\d+\.\d+\.\d+)\b|/[a-z]+/[a-z]`)

var japanese = regexp.MustCompile(`[ぁ-んァ-ヶ一-龠]`)

// everySentence is every table of sentences, by the name of its variable.
func everySentence() map[string]map[string]text {
	notices := map[string]text{}
	for kind, both := range noticeSentences {
		notices[string(kind)+" with names"], notices[string(kind)] = both[0], both[1]
	}
	return map[string]map[string]text{
		"sentences": sentences, "noticeSentences": notices,
		"pathSentences": named(pathSentences), "missingSentences": named(missingSentences), "extentSentences": named(extentSentences),
		"columnSentences": named(columnSentences), "rowsSentences": named(rowsSentences), "brokenSentence": {"broken": brokenSentence}, "adviceSentences": named(adviceSentences), "skipSentences": named(skipSentences),
		"causeSentences": named(causeSentences), "noteSentences": named(noteSentences), "templateNames": named(templateNames), "functionNotes": named(functionNotes),
	}
}

func named[K comparable](table map[K]text) map[string]text {
	all := make(map[string]text, len(table))
	for key, s := range table {
		all[fmt.Sprint(key)] = s
	}
	return all
}

func TestSentencesSpeakToPeople(t *testing.T) {
	for table, all := range everySentence() {
		for key, s := range all {
			for lang, text := range map[string]string{"ja": s.ja, "en": s.en} {
				if strings.TrimSpace(text) == "" {
					t.Errorf("%s of %s has no %s sentence", key, table, lang)
				}
				if word := technical.FindString(text); word != "" {
					t.Errorf("%s of %s (%s) says %q: %s", key, table, lang, word, text)
				}
			}
			if !japanese.MatchString(s.ja) || japanese.MatchString(s.en) {
				t.Errorf("%s of %s: a sentence is not in its language: %s %s", key, table, s.ja, s.en)
			}
			if strings.Count(s.ja, "{") != strings.Count(s.en, "{") {
				t.Errorf("%s of %s: the two languages fill different places", key, table)
			}
		}
	}
}

// A table of sentences that nobody holds against the rules fails here.
func TestEverySentenceIsHeld(t *testing.T) { // ERR-2
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	held := slices.Sorted(maps.Keys(everySentence()))
	var found []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			found = append(found, textVariables(d)...)
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, held) {
		t.Errorf("sentences stand in %v, and %v are held", found, held)
	}
}

// textVariables are the variables of a declaration that are made of texts.
func textVariables(d ast.Decl) (names []string) {
	declared, _ := d.(*ast.GenDecl)
	if declared == nil || declared.Tok != token.VAR {
		return nil
	}
	for _, spec := range declared.Specs {
		v := spec.(*ast.ValueSpec)
		speaks := false
		ast.Inspect(v, func(n ast.Node) bool {
			id, _ := n.(*ast.Ident)
			speaks = speaks || id != nil && id.Name == "text"
			return true
		})
		if speaks {
			names = append(names, v.Names[0].Name)
		}
	}
	return names
}

// Names stand where both are known.
func TestNoticesName(t *testing.T) {
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
		step := c == CodeNotPersisted || c == CodePersistingOff // of a protocol whose clients want 200
		if s := c.HTTPStatus(); !(step && s == 200) && (s < 400 || s > 599) {
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
