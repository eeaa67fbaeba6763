package core

// DataExtent is how much of a dataset somebody sees.
type DataExtent string

// The extents.
const (
	SeesEverything DataExtent = "EVERYTHING"
	SeesPart       DataExtent = "PART"
	SeesNoRows     DataExtent = "NO_ROWS"
)

// ColumnCause is what hides or masks a column.
type ColumnCause string

// The causes. CLASS is the column's own class, for who has no access to personal
// data; with that access they would see it.
const (
	CausePolicy ColumnCause = "POLICY"
	CauseClass  ColumnCause = "CLASS"
)

// PolicyEffect is what the policies and classes of a dataset leave somebody to see.
type PolicyEffect struct {
	DatasetID     string
	Extent        DataExtent
	HiddenColumns []ColumnEffect // in the order of the dataset, as are the next
	MaskedColumns []ColumnEffect // none where no row is seen
	Applied       []AppliedPolicy
}

// Blurred is the effect as those hear it of themselves who may not read the
// policies: how much they see, and nothing of why.
func (e PolicyEffect) Blurred() PolicyEffect {
	return PolicyEffect{DatasetID: e.DatasetID, Extent: e.Extent}
}

// ColumnEffect is a column that is hidden or masked for somebody.
type ColumnEffect struct {
	Column string
	Masked bool // else hidden
	Cause  ColumnCause
	Partly bool // in some of the rows that they see
}

// AppliedPolicy is a policy that is for somebody, and what it opens to them.
type AppliedPolicy struct {
	ID                string
	Name              string
	Targets           []Target // empty: everybody
	Rows              DataExtent
	Hidden            []string
	Masked            []MaskedColumn
	Broken            bool     // it opens nothing until it is mended
	MissingAttributes []string // that it asks for and that they have no fitting value of, sorted
}

var extentSentences = map[DataExtent]text{
	SeesEverything: {"データのすべてを閲覧できます。", "They see all of the data."},
	SeesPart:       {"データの一部だけを閲覧できます。", "They see a part of the data."},
	SeesNoRows:     {"データの行は一つも表示されません。", "They see no row of the data."},
}

// Sentence tells the extent in a person's language.
func (e DataExtent) Sentence(l Locale) string { return extentSentences[e].in(l) }

var columnSentences = map[ColumnEffect]text{
	{Cause: CausePolicy}:                             {"ポリシーによって、この列は表示されません。", "A policy hides this column from them."},
	{Cause: CausePolicy, Partly: true}:               {"ポリシーによって、この列は一部の行で空になります。", "A policy leaves this column empty for them in some rows."},
	{Cause: CausePolicy, Masked: true}:               {"ポリシーによって、この列の値は読めない形で表示されます。", "A policy makes the values of this column unreadable for them."},
	{Cause: CausePolicy, Masked: true, Partly: true}: {"ポリシーによって、この列の値は一部の行で読めない形になります。", "A policy makes the values of this column unreadable for them in some rows."},
	{Cause: CauseClass}:                              {"機密の列で、個人情報の閲覧が許可されていないため表示されません。管理者が許可できます。", "This column is confidential, and they have no access to personal data. An administrator can give it."},
	{Cause: CauseClass, Partly: true}:                {"機密の列で、個人情報の閲覧が許可されていないため一部の行で空になります。管理者が許可できます。", "This column is confidential and empty for them in some rows, as they have no access to personal data. An administrator can give it."},
	{Cause: CauseClass, Masked: true}:                {"個人を特定できる列で、個人情報の閲覧が許可されていないため、値は読めない形で表示されます。管理者が許可できます。", "This column names people, and its values are unreadable for them, as they have no access to personal data. An administrator can give it."},
	{Cause: CauseClass, Masked: true, Partly: true}:  {"個人を特定できる列で、個人情報の閲覧が許可されていないため、値は一部の行で読めない形になります。管理者が許可できます。", "This column names people, and its values are unreadable for them in some rows, as they have no access to personal data. An administrator can give it."},
}

// Sentence tells what happens to the column in a person's language.
func (c ColumnEffect) Sentence(l Locale) string {
	c.Column = ""
	return columnSentences[c].in(l)
}

var rowsSentences = map[DataExtent]text{
	SeesEverything: {"すべての行を公開します。", "It opens every row to them."},
	SeesPart:       {"条件に合う行だけを公開します。", "It opens to them the rows that meet its condition."},
	SeesNoRows:     {"公開される行がありません。", "It opens no row to them."},
}

var brokenSentence = text{"なくなった列または合わない値を指定しているため、直すまで何も公開しません。", "It names a column or a value that is no longer there, and opens nothing until it is mended."}

// Sentence tells what the policy opens in a person's language.
func (p AppliedPolicy) Sentence(l Locale) string {
	if p.Broken {
		return brokenSentence.in(l)
	}
	return rowsSentences[p.Rows].in(l)
}
