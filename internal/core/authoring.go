package core

// RunCause is why a card is slow or fails, as far as its runs tell.
type RunCause string

// The causes of the runbook's table of timeouts, and the others that runs show.
const (
	RunCauseNone    RunCause = "NONE"
	RunCauseCode    RunCause = "HEAVY_CODE"
	RunCauseData    RunCause = "LARGE_DATASET"
	RunCausePlaces  RunCause = "FEW_RESOURCES"
	RunCauseLoop    RunCause = "ENDLESS_LOOP"
	RunCauseMemory  RunCause = "MEMORY"
	RunCauseMistake RunCause = "MISTAKE_IN_CODE"
)

var causeSentences = map[RunCause]text{
	RunCauseNone:    {"問題は見つかりません。", "Nothing is wrong."},
	RunCauseCode:    {"コードの処理に時間がかかっています。行ごとの繰り返しを、列全体の計算（groupby など）に置き換えてください。", "The code takes long. Replace loops over rows by calculations on whole columns, such as groupby."},
	RunCauseData:    {"データの行数が多いためです。フィルターで絞り込むか、集計済みのデータセットを使ってください。", "There are many rows. Narrow them with a filter, or use a dataset that is summed up already."},
	RunCausePlaces:  {"順番待ちに時間がかかっています。管理者に、同時に実行できる数を増やすよう相談してください。", "Most of the time was spent waiting for a place. Ask an administrator for more of them."},
	RunCauseLoop:    {"終わらない繰り返しがあるようです。while の条件を見直してください。", "There seems to be a loop that never ends. Review the condition of while."},
	RunCauseMemory:  {"メモリが足りません。使う列と行を減らしてください。", "There was not enough memory. Use fewer columns and rows."},
	RunCauseMistake: {"コードに誤りがあります。最後の実行のエラーを確認してください。", "There is a mistake in the code. Look at the error of the last run."},
}

// Sentence tells the cause and what to do about it in a person's language.
func (c RunCause) Sentence(l Locale) string { return causeSentences[c].in(l) }

var templateNames = map[string]text{
	"bar":       {"棒グラフ", "Bar chart"},
	"line":      {"折れ線グラフ", "Line chart"},
	"stacked":   {"積み上げ棒グラフ", "Stacked bar chart"},
	"pie":       {"円グラフ", "Pie chart"},
	"scatter":   {"散布図", "Scatter chart"},
	"histogram": {"ヒストグラム", "Histogram"},
	"heatmap":   {"ヒートマップ", "Heat map"},
	"table":     {"表", "Table"},
	"pivot":     {"クロス集計表", "Pivot table"},
	"number":    {"大きな数字", "One number"},
}

// TemplateName is what a template of a card is called in a person's language.
func TemplateName(l Locale, id string) string { return templateNames[id].in(l) }

var functionNotes = map[string]text{
	"render":     {"カードの本体です。HTMLの文字列か HTMLResult を返します。", "The card itself. It returns HTML, or an HTMLResult."},
	"HTMLResult": {"HTMLに加えて、使った列と、フィルターが意味を持つかを伝えます。", "HTML together with the columns that were used, and whether page filters have a meaning."},
	"to_html":    {"グラフや表をHTMLにします。", "Turns a chart or a table into HTML."},
}

// FunctionNote says in a person's language what a function does that cards use.
func FunctionNote(l Locale, name string) string { return functionNotes[name].in(l) }
