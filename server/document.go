package server

import (
	"context"
	"regexp"
	"strings"

	"github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/karuta-bi/karuta/internal/apq"
	"github.com/karuta-bi/karuta/internal/core"
)

const (
	maxDocument    = 64 << 10 // bytes of a document
	maxTokens      = 2000     // tokens of a document
	cachedDocument = 16 << 10 // documents longer than this are parsed each time
	cacheSize      = 500      // documents
	maxProblems    = 5        // problems that are told of one document
	maxMessage     = 300      // bytes of a problem: it may quote the document
)

// documents parses and validates, and remembers what was good.
type documents struct {
	schema    *ast.Schema
	rules     *rules.Rules
	cache     *lru.Cache[string, *document]
	persisted *apq.Store
}

// newDocuments takes where documents are kept by their hash.
func newDocuments(schema *ast.Schema, persisted *apq.Store) *documents {
	cache, err := lru.New[string, *document](cacheSize)
	if err != nil {
		panic(err) // the size is a constant
	}
	// Names that the asker does not know are not suggested.
	all := rules.NewDefaultRules()
	for told, silent := range map[string]validator.Rule{
		rules.FieldsOnCorrectTypeRule.Name: rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
		rules.ScalarLeafsRule.Name:         rules.ScalarLeafsRuleWithoutSuggestions,
		rules.KnownArgumentNamesRule.Name:  rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRule.Name:      rules.KnownTypeNamesRuleWithoutSuggestions,
		valuesRule:                         rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	} {
		all.ReplaceRule(told, silent.RuleFunc)
	}
	return &documents{schema: schema, rules: all, cache: cache, persisted: persisted}
}

// find gives the document that the request brings along or names by its hash,
// and completes the request with its text.
func (d *documents) find(ctx context.Context, req *request) (*document, gqlerror.List) {
	if req.Query == "" {
		text, problem := d.kept(ctx, req.hash)
		if problem != nil {
			return nil, gqlerror.List{problem}
		}
		req.Query = text
	}
	doc, problems := d.read(req.Query)
	if problems == nil && req.hash != "" { // what is wrong takes nobody's place
		d.persisted.Keep(ctx, req.hash, req.Query)
	}
	return doc, problems
}

// read gives the document of the text, or what is wrong with it.
func (d *documents) read(text string) (*document, gqlerror.List) {
	if doc, ok := d.cache.Get(text); ok {
		return doc, nil
	}
	if len(text) > maxDocument {
		return nil, tooDear("characters", len(text), maxDocument)
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, maxTokens)
	if err != nil {
		return nil, gqlerror.List{told(core.CodeGraphQLParse, err)}
	}
	if problems := refuseEffort(doc); problems != nil {
		return nil, problems
	}
	if problems := validator.ValidateWithRules(d.schema, doc, d.rules); len(problems) > 0 {
		var list gqlerror.List
		for _, p := range problems[:min(len(problems), maxProblems)] {
			list = append(list, told(core.CodeGraphQLValidation, p))
		}
		return nil, list
	}
	if len(doc.Operations)+len(doc.Fragments) == 0 {
		return nil, gqlerror.List{told(core.CodeGraphQLParse, gqlerror.Errorf("The document is empty"))}
	}
	if len(doc.Operations) == 0 {
		return nil, gqlerror.List{told(core.CodeGraphQLValidation, gqlerror.Errorf("The document has no operation"))}
	}
	good := &document{QueryDocument: doc}
	if len(text) <= cachedDocument {
		d.cache.Add(text, good)
	}
	return good, nil
}

// valuesRule is the rule that tells of a value that does not fit, and repeats it.
var valuesRule = rules.ValuesOfCorrectTypeRule.Name

// withoutValue is a message of that rule without the value: it may be a password.
func withoutValue(message string) string {
	said, _, _ := strings.Cut(message, " value: ")
	said, _, _ = strings.Cut(said, ", found ")
	return said
}

// quoted is a part of the document that the parser repeats behind its kind.
var quoted = regexp.MustCompile(`(?s)((?:Unexpected|found) [A-Za-z]+) ".*`)

// told is a problem of a document. It speaks to developers, in the words of
// the parser, of which no more is kept than fits a line.
func told(code core.Code, err error) *gqlerror.Error {
	message, from := err.Error(), (*gqlerror.Error)(nil)
	if g, ok := err.(*gqlerror.Error); ok {
		if message, from = g.Message, g; g.Rule == valuesRule {
			message = withoutValue(message)
		}
	}
	if code == core.CodeGraphQLParse {
		message = quoted.ReplaceAllString(message, "$1")
	}
	problem := &gqlerror.Error{Message: clip(message), Err: &core.Error{Code: code}}
	if from != nil {
		problem.Locations = from.Locations
	}
	return problem
}

func clip(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	cut := maxMessage
	for cut > 0 && text[cut]&0xC0 == 0x80 { // inside of a character
		cut--
	}
	return text[:cut] + "…"
}

// chosen is the operation that the request names, nil where there is no such one.
func chosen(doc *document, name string) *ast.OperationDefinition {
	if name == "" && len(doc.Operations) > 1 {
		return nil
	}
	return doc.Operations.ForName(name)
}

// notChosen is why there is no operation of that name.
func notChosen(name string) *core.Error {
	if name == "" {
		return core.Invalid("operationName", "which_operation")
	}
	return core.Invalid("operationName", "no_operation")
}
