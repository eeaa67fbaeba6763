package dataset

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/karuta-bi/karuta/internal/core"
)

// nameRule tells by a column's name that it holds data of people. Japanese words
// count wherever they stand, English ones as whole words in their order.
type nameRule struct {
	kind     core.PIIKind
	japanese []string
	english  []string // sequences of words
	vague    []string // names, whole, that mean it unless the values speak against it
	not      []string // words, Japanese or English, beside which the name means something else
}

// derived are words of columns that tell about such data, and do not hold it.
var derived = []string{
	"count", "cnt", "rate", "ratio", "avg", "average", "mean", "median", "flag", "is", "has", "type", "kind", "category", "format", "length",
	"version", "enabled", "verified", "template", "domain", "percent", "pct", "index", "rank", "opt", "optin", "consent", "sent", "opened",
	"件数", "回数", "人数", "台数", "本数", "社数", "比率", "割合", "率", "平均", "中央値", "有無", "区分", "種別", "種類", "フラグ", "可否", "形式", "日時", "順位", "合計",
}

// things are what has a name, an address or a rating and is no person.
var things = []string{
	"product", "item", "file", "goods", "company", "corporate", "shop", "store", "brand", "column", "field", "table", "event", "project", "city",
	"country", "place", "station", "service", "class", "host", "server", "path", "sheet", "game", "book", "title", "app", "model", "campaign", "account",
	"商品", "製品", "部品", "作品", "食品", "ファイル", "会社", "企業", "法人", "店", "ブランド", "項目", "テーブル", "施設", "駅", "拠点", "倉庫", "工場", "サーバ", "学校", "建物", "事業所", "営業所", "プロジェクト", "イベント",
}

var nameRules = []nameRule{
	{kind: core.KindIdentity,
		japanese: []string{"マイナンバー", "個人番号", "旅券番号", "パスポート番号", "免許証番号", "クレジットカード番号", "カード番号", "口座番号"},
		english:  []string{"my number", "ssn", "social security", "passport number", "passport no", "credit card number", "card number", "bank account number", "drivers license", "driver license"},
		not:      []string{"社員", "会員", "ポイント"}},
	{kind: core.KindSensitive,
		japanese: []string{"信条", "宗教", "信仰", "犯罪歴", "前科", "組合加入", "本籍", "国籍", "人種", "性的指向"},
		english:  []string{"religion", "criminal record", "ethnicity", "race ethnicity", "union membership", "sexual orientation", "political opinion"}},
	{kind: core.KindSalary,
		japanese: []string{"給与", "給料", "年収", "月収", "月給", "賃金", "基本給", "賞与", "ボーナス", "年俸", "時給", "報酬", "昇給", "残業代"},
		english:  []string{"salary", "salaries", "wage", "wages", "payroll", "base pay", "annual pay", "monthly pay", "compensation", "remuneration", "annual income", "yearly income", "personal income"},
		not:      []string{"支給日", "振込日", "ポイント", "point", "points", "date", "worker", "workers", "成功", "システム", "system"}},
	{kind: core.KindEvaluation,
		japanese: []string{"人事評価", "人事考課", "考課", "査定", "勤務評定", "業績評価", "評価ランク", "評価点", "上司評価", "懲戒"},
		english:  []string{"evaluation", "appraisal", "performance review", "performance rating", "performance grade", "employee rating", "disciplinary"},
		vague:    []string{"評価", "評価結果", "rating", "社員評価"},
		not: []string{"顧客", "口コミ", "レビュー", "満足", "資産", "在庫", "土地", "時価", "損益", "評価額", "評価益", "評価損", "関数", "モデル", "function",
			"metric", "credit", "movie", "property", "car", "vehicle"}},
	{kind: core.KindHealth,
		japanese: []string{"健康状態", "健康診断", "健診", "検診", "病歴", "既往", "疾患", "疾病", "病名", "傷病", "診断名", "診断結果", "診療", "血圧", "血糖", "体重", "血液型", "服薬", "投薬", "アレルギー", "妊娠", "障害者", "障がい", "障害等級", "休職理由", "ストレスチェック", "通院"},
		english: []string{"medical", "medical history", "diagnosis", "disease", "illness", "disability", "blood pressure", "blood type", "blood glucose", "allergy", "allergies", "medication", "bmi",
			"health condition", "health history", "health record", "health checkup", "pregnancy", "pregnant", "mental health", "sick leave"},
		vague: []string{"健康", "health"},
		not:   []string{"url", "endpoint", "機器", "device", "equipment", "supplies", "成分"}},
	{kind: core.KindEmail,
		japanese: []string{"メール", "めーる"},
		english:  []string{"email", "e mail", "mail address", "mailaddress", "emailaddress", "mailto"},
		vague:    []string{"mail"},
		not: []string{"送信", "配信", "開封", "クリック", "件名", "本文", "文面", "クーポン", "マガジン", "メルマガ", "subject", "body", "status", "date", "at", "id", "click", "clicks", "open", "opens",
			"campaign", "number", "server", "marketing", "message", "delivery", "bounced", "unsubscribed", "時刻", "番号", "数"}},
	{kind: core.KindPhone,
		japanese: []string{"電話", "携帯番号", "携帯電話", "連絡先", "内線", "ファックス", "fax番号"},
		english:  []string{"phone", "telephone", "tel", "mobile", "mobilephone", "phonenumber", "cell phone", "cellphone", "mobile number", "fax", "fax number"},
		not: []string{"機種", "料金", "対応", "時間", "数", "booth", "booths", "os", "brand", "device", "price", "plan", "carrier", "fee", "usage", "call", "calls", "sales", "traffic", "users", "sessions",
			"views", "page", "minutes", "セールス", "会議", "調査", "回線", "加入", "case", "aviv", "revenue", "orders", "conversion", "ads", "site", "friendly"}},
	{kind: core.KindBirth,
		japanese: []string{"生年月日", "誕生日", "出生日", "生まれ"},
		english:  []string{"birth", "birthdate", "birthday", "birth date", "date of birth", "dob", "dateofbirth"},
		not:      []string{"ケーキ", "クーポン", "cake", "coupon", "rates", "place", "gift"}},
	{kind: core.KindAddress,
		japanese: []string{"住所", "番地", "居所", "自宅"},
		english:  []string{"address", "street address", "home address", "addr", "address1", "address2"},
		not: []string{"ip", "mac", "web", "url", "wallet", "memory", "bit", "network", "port", "office", "email", "mail", "id", "コード", "code", "オフィス",
			"ip住所", "勤務", "在宅"}},
	{kind: core.KindEmployee,
		japanese: []string{"社員番号", "従業員番号", "職員番号", "社員コード", "社員id", "従業員コード", "従業員id", "職員コード", "社員no", "社番", "職番", "学籍番号", "患者番号", "患者id"},
		english: []string{"employee no", "employee number", "employee id", "employee code", "emp no", "emp id", "empno", "empid", "employeeid", "employeenumber", "staff id", "staff no", "staff number", "staff code",
			"badge number", "worker id", "personnel number", "patient id", "student id", "user id", "userid", "user name", "username", "login id"}},
	{kind: core.KindDepartment,
		japanese: []string{"部署", "所属", "配属", "部課"},
		english:  []string{"department", "dept", "org unit", "business unit"},
		vague:    []string{"部門", "部門名", "division"},
		not:      []string{"売場", "商品部門", "product"}},
	{kind: core.KindPostal,
		japanese: []string{"郵便番号"},
		english:  []string{"postal code", "postcode", "post code", "zip code", "zipcode", "zip"},
		not:      []string{"file", "archive", "path", "size"}},
	{kind: core.KindPersonal,
		japanese: []string{"年齢", "性別", "役職", "入社日", "入社年月日", "家族構成", "配偶者"},
		english:  []string{"gender", "job title", "hire date", "marital status", "age"},
		not:      []string{"層", "年代", "group", "range", "days", "months", "hours", "inventory", "building", "account", "対象"}},
	{kind: core.KindName,
		japanese: []string{"氏名", "担当者", "社員名", "従業員名", "職員名", "顧客名", "患者名", "会員名", "利用者名", "お客様名", "契約者名", "申込者", "代表者名", "本人名", "名義人", "受取人", "届出人", "フリガナ", "ふりがな", "振り仮名", "氏名カナ", "苗字", "名字"},
		english: []string{"full name", "fullname", "first name", "firstname", "last name", "lastname", "family name", "given name", "middle name", "surname", "maiden name", "nickname", "person name",
			"employee name", "customer name", "staff name", "member name", "patient name", "student name", "contact name", "contact person", "applicant name", "recipient name", "sender name", "guest name",
			"manager name", "teacher name", "doctor name", "owner name", "user full name", "sales rep", "salesperson"},
		vague: []string{"名前", "お名前", "name", "姓", "姓名", "名", "カナ", "employee", "customer", "member", "patient", "担当", "社員", "従業員", "顧客", "患者", "会員", "owner", "manager"},
		not:   []string{"数", "コード", "id", "番号", "変更", "code", "number", "no", "meaning"}},
}

// kindByName is what a column's name says that it holds. sure is false where only the
// values can tell.
func kindByName(name string) (kind core.PIIKind, sure bool) {
	plain := strings.ToLower(norm.NFKC.String(strings.TrimSpace(name)))
	words := wordsOf(norm.NFKC.String(name))
	for _, r := range nameRules {
		if slices.Contains(r.vague, plain) || slices.Contains(r.vague, strings.Join(words, " ")) {
			return r.kind, false
		}
		rest, restWords, ok := r.without(plain, words)
		if ok && !beside(rest, restWords, r.not, derived) && (!hasThing(r.kind) || !beside(rest, restWords, things)) {
			return r.kind, true
		}
	}
	return "", false
}

// without is what is left of a name beside the words that the rule knows; false
// where it knows none.
func (r nameRule) without(plain string, words []string) (rest string, restWords []string, ok bool) {
	for _, word := range r.japanese {
		if before, after, ok := strings.Cut(plain, word); ok {
			return before + " " + after, words, true
		}
	}
	padded := " " + strings.Join(words, " ") + " "
	for _, phrase := range r.english {
		if before, after, ok := strings.Cut(padded, " "+phrase+" "); ok {
			return plain, strings.Fields(before + " " + after), true
		}
	}
	return "", nil, false
}

// hasThing tells whether things have such data, too.
func hasThing(kind core.PIIKind) bool {
	switch kind {
	case core.KindName, core.KindAddress, core.KindPhone, core.KindEmail, core.KindEvaluation, core.KindHealth, core.KindPostal:
		return true
	}
	return false
}

// beside tells whether one of the words stands in the name, or the name is a number
// of something.
func beside(plain string, words []string, lists ...[]string) bool {
	if strings.HasSuffix(plain, "数") {
		return true
	}
	for _, list := range lists {
		for _, word := range list {
			if word[0] < unicode.MaxASCII && slices.Contains(words, word) || word[0] >= unicode.MaxASCII && strings.Contains(plain, word) {
				return true
			}
		}
	}
	return false
}

// wordsOf are the words in Latin letters of a name in whatever style: "customerName",
// "CUSTOMER_NAME_1", "Customer name". Numbers are no words.
func wordsOf(name string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
		}
		word = nil
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case r > unicode.MaxASCII || !unicode.IsLetter(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return words
}

// familyNames are those that about half of the people of Japan have.
var familyNames = setOf("佐藤 鈴木 高橋 田中 伊藤 渡辺 渡邊 渡邉 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 斎藤 斉藤 齋藤 齊藤 清水 山崎 森 池田 橋本 阿部 石川 山下 中島 石井 小川 " +
	"前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本 福田 太田 西村 藤井 岡本 藤原 金子 三浦 中野 原田 松田 竹内 小野 田村 中山 和田 石田 森田 上田 原 内田 柴田 酒井 宮崎 横山 高木 安藤 宮本 大野 小島 谷口 工藤 今井 " +
	"高田 増田 丸山 杉山 村田 大塚 新井 小山 平野 藤本 河野 上野 野口 武田 松井 千葉 菅原 岩崎 木下 久保 佐野 野村 松尾 菊地 市川 杉本 古川 大西 島田 水野 桜井 櫻井 高野 渡部 吉川 山内 西田 飯田 菊池 西川 小松 北村 安田 五十嵐 " +
	"川口 平田 関 中田 久保田 東 服部 川崎 岩田 土屋 福島 本田 辻 樋口 秋山 田口 永井 山中 中川 吉村 川上 大島 荒木 矢野 石原 松岡 浜田 馬場 森本 大橋 菅野 星野 荒井 吉岡 尾崎 黒田 望月 永田 熊谷 内藤 松村 西山 堀 三宅 大久保")

var latinFamilyNames = setOf("sato suzuki takahashi tanaka ito watanabe yamamoto nakamura kobayashi kato yoshida yamada sasaki yamaguchi matsumoto inoue kimura hayashi saito shimizu yamazaki mori ikeda hashimoto abe ishikawa " +
	"yamashita nakajima ishii ogawa maeda okada hasegawa fujita goto kondo murakami endo aoki sakamoto fukuda ota nishimura fujii okamoto smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez wilson " +
	"anderson thomas taylor moore jackson martin lee thompson white harris clark lewis robinson walker young allen king wright scott nguyen hill green adams nelson baker hall campbell mitchell carter roberts")

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}
