package core

// SkipReason is why a due time of a transform had no run.
type SkipReason string

// The reasons.
const (
	SkipStillRunning  SkipReason = "still_running"  // an earlier run had the transform
	SkipMissed        SkipReason = "missed"         // the time passed while nothing looked, and a later one counts or none does
	SkipOwnerInactive SkipReason = "owner_inactive" // whose transform it is has left
	SkipInputMissing  SkipReason = "input_missing"  // a dataset is gone, or is no longer the owner's to read
	SkipInputEmpty    SkipReason = "input_empty"    // a dataset has no rows
	SkipSwitchedOff   SkipReason = "switched_off"   // the schedule was switched off before it came to that
)

var skipSentences = map[SkipReason]text{
	SkipStillRunning:  {"前の実行が終わっていなかったため、この回は実行しませんでした。", "An earlier run had not ended, so this one was left out."},
	SkipMissed:        {"この時刻にはスケジュールが動いていなかったため、この回は実行しませんでした。", "Schedules were not running at this time, so this run was left out."},
	SkipOwnerInactive: {"所有者が利用停止中のため、この回は実行しませんでした。変換を別の人に引き継いでください。", "The owner has been deactivated, so this run was left out. Hand the transform over to somebody else."},
	SkipInputMissing:  {"入力のデータセットが見つからないか、所有者が読めなくなったため、この回は実行しませんでした。入力を確認してください。", "A dataset that this reads is gone or no longer open to the owner, so this run was left out. Check the inputs."},
	SkipInputEmpty:    {"入力のデータセットにデータがないため、この回は実行しませんでした。もう一度取り込んでください。", "A dataset that this reads has no rows, so this run was left out. Import its data again."},
	SkipSwitchedOff:   {"実行する前にスケジュールがオフになったため、この回は実行しませんでした。", "The schedule was switched off before this run began, so it was left out."},
}

// Sentence says the reason to people; "" for none.
func (r SkipReason) Sentence(l Locale) string { return skipSentences[r].in(l) }
