package core

import "time"

// ImportEventKind is what an event of an import tells.
type ImportEventKind string

// The kinds of events.
const (
	ImportEventStatus   ImportEventKind = "STATUS"
	ImportEventStage    ImportEventKind = "STAGE"
	ImportEventProgress ImportEventKind = "PROGRESS"
	ImportEventNote     ImportEventKind = "NOTE"
)

// ImportEvent is one step of an import, as it is told while it goes on and kept
// with the job after.
type ImportEvent struct {
	Seq      int64           `json:"seq"` // from 1, without gaps within a job
	At       time.Time       `json:"at"`
	Kind     ImportEventKind `json:"kind"`
	Status   RunStatus       `json:"status,omitempty"`   // where the job stood then
	Stage    ImportStage     `json:"stage,omitempty"`    // the same
	Progress float64         `json:"progress,omitempty"` // 0..1, the same
	Rows     int64           `json:"rows,omitempty"`     // of the file; 0 until they are counted
	Note     ImportNote      `json:"note,omitempty"`
	Problem  *ImportProblem  `json:"problem,omitempty"` // why it failed
	Args     map[string]any  `json:"args,omitempty"`    // of the note's sentence
}

// Sentence says to people what the event tells beyond its fields; "" for nothing.
func (e ImportEvent) Sentence(l Locale) string {
	if e.Problem != nil {
		return Sentence(l, &Error{Code: e.Problem.Code, Reason: e.Problem.Reason, Args: e.Problem.Args})
	}
	return fill(noteSentences[e.Note].in(l), l, e.Args)
}

// ImportNote is what people should know of an import that does not go wrong.
type ImportNote string

// The notes.
const (
	NoteFormatFound    ImportNote = "format_found"    // of a CSV file where it was not said
	NoteLinesSkipped   ImportNote = "lines_skipped"   // before the header, as was asked for
	NoteColumnsRenamed ImportNote = "columns_renamed" // headers were empty or came twice
	NoteColumnsDropped ImportNote = "columns_dropped" // as was asked for, or at the time before
	NoteTriedAgain     ImportNote = "tried_again"     // what worked on it went away
	NoteBlocked        ImportNote = "blocked"         // confidential columns wait for a decision
	NoteUnconfirmed    ImportNote = "unconfirmed"     // changed columns wait to be confirmed
	NoteGivenUp        ImportNote = "given_up"        // nobody decided in time
)

var noteSentences = map[ImportNote]text{
	NoteFormatFound:    {"文字コード {encoding}、区切り文字 {delimiter} として読みました。違っている場合は、指定して取り込み直してください。", "Read with the encoding {encoding} and {delimiter} between the values. If that is wrong, name them and import again."},
	NoteLinesSkipped:   {"指定どおり、先頭の{count}行を読み飛ばしました。", "The first {count} lines were passed over, as asked."},
	NoteColumnsRenamed: {"空の列名と重複した列名を付け直しました: {columns}", "Columns without a name, or with one that came twice, were renamed: {columns}"},
	NoteColumnsDropped: {"次の列は取り込みませんでした: {columns}", "These columns were left out: {columns}"},
	NoteTriedAgain:     {"取り込みが中断されたため、もう一度行っています。", "The import was interrupted and is being done again."},
	NoteBlocked:        {"機密と判定された列があるため、まだ公開していません: {columns}。列を除外するか、管理者の承認を受けてください。", "Not published yet, because columns were found to be confidential: {columns}. Leave them out, or have an administrator approve them."},
	NoteUnconfirmed:    {"列が変わったため、まだ公開していません。変更を確認してください。", "Not published yet, because the columns changed. Please confirm the changes."},
	NoteGivenUp:        {"期限までに確認されなかったため、取り消しました。", "Nobody decided in time, so it was given up."},
}
