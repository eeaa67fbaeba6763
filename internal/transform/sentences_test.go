package transform

import (
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// TR-9: whatever the executor says of a transform is told in a sentence of its own,
// and none speaks of cards.
func TestSentences(t *testing.T) {
	problems := []client.Problem{
		{Code: core.CodeExecutionTimeout}, {Code: core.CodeMemoryLimit, Args: map[string]any{"mb": 4096}}, {Code: core.CodeFunctionMissing},
		{Code: core.CodeReturnType, Args: map[string]any{"type": "int"}}, {Code: core.CodeSourceNotFound}, {Code: core.CodeExecution},
	}
	for _, reason := range []string{
		"syntax", "not_allowed", "exit", "missing_library", "crashed", "disk_full", "bad_answer",
		"no_columns", "too_many_columns", "table_too_large", "column_name", "column_twice", "column_type", "column_values", "executor_lost",
	} {
		problems = append(problems, client.Problem{Code: core.CodeExecution, Reason: reason, Args: map[string]any{
			"library": "x", "mb": 1, "max": 1, "column": "x", "type": "x",
		}})
	}
	told := map[string]string{}
	for _, p := range problems {
		sentenceOf(t, told, problemFrom(&p, 5*time.Minute))
	}
	sentenceOf(t, told, interrupted())
	sentenceOf(t, told, problemOf(t.Context(), busy(nil)))
	for _, reason := range []string{"python_refused", "executor_lost"} {
		sentenceOf(t, told, &core.RunProblem{Code: core.CodeUnavailable, Reason: reason})
	}
	for sentence, advice := range map[string]string{
		"TRANSFORM_FUNCTION_MISSING.": "def transform(inputs, params):", "TRANSFORM_RETURN_TYPE.": "DataFrame",
		"EXECUTION_TIMEOUT.transform": "データを減らして", "MEMORY_LIMIT.transform": "処理を分けて",
	} {
		if !strings.Contains(told[sentence], advice) {
			t.Errorf("%s is %q, without its advice", sentence, told[sentence])
		}
	}
}

func sentenceOf(t *testing.T, told map[string]string, p *core.RunProblem) {
	t.Helper()
	name := string(p.Code) + "." + p.Reason
	e := &core.Error{Code: p.Code, Reason: p.Reason, Args: p.Args}
	told[name] = core.Sentence(core.Japanese, e)
	for _, sentence := range []string{told[name], core.Sentence(core.English, e)} {
		if sentence == "" || strings.Contains(sentence, "カード") || strings.Contains(strings.ToLower(sentence), "card") || strings.ContainsAny(sentence, "{}") {
			t.Errorf("%s is told as %q", name, sentence)
		}
	}
}
