package core

// TransformAdvice is what to do about a transform that does not do what it should.
type TransformAdvice string

// The pieces of advice.
const (
	AdviceAllWell         TransformAdvice = "ALL_WELL"
	AdviceNeverRan        TransformAdvice = "NEVER_RAN"
	AdviceExecutorAway    TransformAdvice = "EXECUTOR_AWAY"
	AdviceExecutorRefuses TransformAdvice = "EXECUTOR_REFUSES"
	AdviceInputMissing    TransformAdvice = "INPUT_MISSING"
	AdviceInputEmpty      TransformAdvice = "INPUT_EMPTY"
	AdviceInputFileGone   TransformAdvice = "INPUT_FILE_GONE"
	AdviceDefineFunction  TransformAdvice = "DEFINE_FUNCTION"
	AdviceReturnFrame     TransformAdvice = "RETURN_FRAME"
	AdviceFaster          TransformAdvice = "FASTER"
	AdviceLessMemory      TransformAdvice = "LESS_MEMORY"
	AdviceReadTraceback   TransformAdvice = "READ_TRACEBACK"
	AdviceRunAgain        TransformAdvice = "RUN_AGAIN"
)

var adviceSentences = map[TransformAdvice]text{
	AdviceAllWell:         {"問題は見つかりませんでした。", "Nothing is wrong with it."},
	AdviceNeverRan:        {"まだ一度も実行されていません。実行してください。", "It has never run. Run it."},
	AdviceExecutorAway:    {"処理環境が応答していません。管理者に知らせてください。", "What runs the code does not answer. Please tell an administrator."},
	AdviceExecutorRefuses: {"コードを安全に実行できる状態ではありません。管理者に知らせてください。", "Code cannot be run safely at the moment. Please tell an administrator."},
	AdviceInputMissing:    {"入力のデータセットがないか、所有者が利用できません。入力を選び直してください。", "A dataset that it reads is not there or not open to its owner. Choose its data again."},
	AdviceInputEmpty:      {"入力のデータセットにデータがありません。もう一度取り込んでください。", "A dataset that it reads has no rows. Import its data again."},
	AdviceInputFileGone:   {"入力のデータセットのデータが失われています。もう一度取り込んでください。", "The data of a dataset that it reads is lost. Import it again."},
	AdviceDefineFunction:  {"コードに def transform(inputs, params): を定義してください。", "Define def transform(inputs, params): in the code."},
	AdviceReturnFrame:     {"transform から DataFrame を返してください。", "Return a DataFrame from transform."},
	AdviceFaster:          {"処理に時間がかかりすぎています。繰り返しをまとめて計算に直すか、データを減らしてください。", "It takes too long. Compute whole columns at once instead of row by row, or use less data."},
	AdviceLessMemory:      {"メモリを使いすぎています。必要な列だけを使うか、処理を分けてください。", "It needs too much memory. Use only the columns that are needed, or split it."},
	AdviceReadTraceback:   {"コードがエラーで止まりました。最新の実行に表示された行を確認してください。", "The code stopped with an error. Look at the line that its newest run shows."},
	AdviceRunAgain:        {"実行が中断されました。もう一度実行してください。", "The run was interrupted. Run it again."},
}

// Sentence tells the advice in a person's language.
func (a TransformAdvice) Sentence(l Locale) string { return adviceSentences[a].in(l) }
