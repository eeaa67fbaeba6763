package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// headers that must be found, by the kind that they are.
var found = map[core.PIIKind]string{
	core.KindName:       "氏名|お客様氏名|担当者|担当者名|社員名|フリガナ|氏名（カナ）|名前|姓|name|Name|full_name|FirstName|lastName|customer_name|EMPLOYEE NAME|contact person|患者名",
	core.KindEmail:      "メール|メールアドレス|E-mail|Eメール|email|user_email|EmailAddress|contact_email_1|mail_address|ＥＭＡＩＬ",
	core.KindPhone:      "電話|電話番号|携帯電話|TEL|tel_no|phone|phoneNumber|mobile_number|連絡先|勤務先電話番号|緊急連絡先|Fax",
	core.KindAddress:    "住所|現住所|自宅住所|address|home_address|Address1|streetAddress",
	core.KindBirth:      "生年月日|誕生日|birth_date|DateOfBirth|birthday|dob",
	core.KindEmployee:   "社員番号|従業員番号|社員ID|employee_no|EmployeeID|emp_id|staff number|職員コード",
	core.KindDepartment: "部署|部署名|所属|所属部署|department|dept_name|部門",
	core.KindPostal:     "郵便番号|postal_code|zip|ZipCode",
	core.KindPersonal:   "年齢|性別|gender|age|役職",
	core.KindSalary:     "給与|給料|年収|基本給|賞与|salary|annual_salary|BaseSalary|wage|total_compensation|時給",
	core.KindEvaluation: "評価|人事評価|考課結果|査定|evaluation|rating|performance_review|appraisal_2024",
	core.KindHealth:     "健康|健康診断結果|病歴|既往歴|血圧|障害者手帳|health|medical_history|diagnosis|blood_type|BMI",
	core.KindIdentity:   "マイナンバー|個人番号|口座番号|ssn|passport_number",
	core.KindSensitive:  "宗教|国籍|犯罪歴|religion",
}

// headers that only sound like it.
const clean = "商品名|製品名|商品名前|品名|会社名|取引先会社名|店名|店舗名|店舗電話番号|ファイル名|filename|file_name|product_name|product name|name of product|company_name|hostname|host name|" +
	"table_name|column_name|brand_name|event_name|city_name|駅名|telephone_booth_count|phone_count|phone_model|電話件数|電話機種|電話対応時間|tel_rate|hotel|telemetry|intel|mailing_count|" +
	"メール送信日時|メール件数|メール開封率|email_sent|email_subject|email_verified|email_open_rate|ip_address|mac_address|web_address|wallet_address|店舗住所|address_count|" +
	"score|スコア|総合点|star|product_rating|movie_rating|商品評価|顧客評価|口コミ評価|評価額|土地評価額|資産評価損益|評価件数|evaluation_metric|credit_rating|" +
	"売上|金額|数量|地域|region|amount|price|date|日付|status|id|code|都道府県|カテゴリ|平均年収|avg_salary|給与支給日|salary_count|salary_date|障害件数|障害発生日時|health_check_url|health_food_count|健康食品名|" +
	"page|stage|average|usage|package|manage|message|birthplace_count|zip_file|employee_count|従業員数|社員数|department_count|部署数|inventory_age|storage|worker_wage_rate|年齢層|diagnostics|tag|unnamed|rename|username_count|enterprise|dobson|telnet|salaryman_index|カナダ|名古屋|名目GDP|番地数|電話帳数"

func TestHeadersOfPersonalData(t *testing.T) { // PII-1, PII-2, PII-3, PII-4
	checked := 0
	for kind, names := range found {
		for name := range strings.SplitSeq(names, "|") {
			checked++
			got := Detect(core.Column{Name: name, Type: core.TypeString}, nil)
			if want := (core.Proposal{Class: classOf(kind), Kind: kind, Evidence: core.EvidenceName}); got != want {
				t.Errorf("%s: %+v, want %s", name, got, kind)
			}
		}
	}
	if checked < 60 {
		t.Errorf("%d headers", checked)
	}
}

func TestHeadersOfOtherData(t *testing.T) { // PII-4
	names := strings.Split(clean, "|")
	for _, name := range names {
		if got := Detect(core.Column{Name: name, Type: core.TypeString}, nil); got != (core.Proposal{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if len(names) < 60 {
		t.Errorf("%d headers", len(names))
	}
}

func TestValuesOfPersonalData(t *testing.T) { // PII-4
	for _, c := range []struct {
		name   string
		values string
		want   core.Proposal
	}{
		{"x", "a@example.com", core.Proposal{Class: core.ClassDirect, Kind: core.KindEmail, Evidence: core.EvidenceValues}},
		{"email", "a@example.com|b.c@example.co.jp||none", core.Proposal{Class: core.ClassDirect, Kind: core.KindEmail, Evidence: core.EvidenceBoth}},
		{"連絡", "090-1234-5678|03-1234-5678|０９０－１２３４－５６７８", core.Proposal{Class: core.ClassDirect, Kind: core.KindPhone, Evidence: core.EvidenceValues}},
		{"x", "09012345678|08098765432|07011112222", core.Proposal{Class: core.ClassDirect, Kind: core.KindPhone, Evidence: core.EvidenceValues}},
		{"x", "+81 90 1234 5678|+81-3-1234-5678|03(1234)5678", core.Proposal{Class: core.ClassDirect, Kind: core.KindPhone, Evidence: core.EvidenceValues}},
		{"備考", "田中 太郎|佐藤　花子|鈴木 一郎", core.Proposal{Class: core.ClassDirect, Kind: core.KindName, Evidence: core.EvidenceValues}},
		{"商品名", "田中 太郎|佐藤 花子|鈴木 一郎|不明", core.Proposal{Class: core.ClassDirect, Kind: core.KindName, Evidence: core.EvidenceValues}},
		{"who", "Taro Tanaka|SATO Hanako|John Smith", core.Proposal{Class: core.ClassDirect, Kind: core.KindName, Evidence: core.EvidenceValues}},
		{"名前", "田中太郎|佐藤花子|鈴木一郎", core.Proposal{Class: core.ClassDirect, Kind: core.KindName, Evidence: core.EvidenceName}},
		{"場所", "東京都新宿区西新宿2-8-1|大阪府大阪市北区1丁目|北海道札幌市中央区3-1", core.Proposal{Class: core.ClassDirect, Kind: core.KindAddress, Evidence: core.EvidenceValues}},
		{"code", "100-0001|〒530-0001|060-0001", core.Proposal{Class: core.ClassIndirect, Kind: core.KindPostal, Evidence: core.EvidenceValues}},
		{"n", "123456789018|123456789018|123456789018", core.Proposal{Class: core.ClassConfidential, Kind: core.KindIdentity, Evidence: core.EvidenceValues}},
		{"n", "4111 1111 1111 1111|5500-0000-0000-0004|4012888888881881", core.Proposal{Class: core.ClassConfidential, Kind: core.KindIdentity, Evidence: core.EvidenceValues}},
		{"給与", "田中 太郎|佐藤 花子|鈴木 一郎", core.Proposal{Class: core.ClassConfidential, Kind: core.KindSalary, Evidence: core.EvidenceName}},
	} {
		values := strings.Split(c.values, "|")
		if got := Detect(core.Column{Name: c.name, Type: core.TypeString}, values); got != c.want {
			t.Errorf("%s of %q: %+v, want %+v", c.name, values, got, c.want)
		}
	}
}

func TestValuesOfOtherData(t *testing.T) { // PII-4
	for _, c := range []struct{ name, values string }{
		{"name", "りんご|みかん|ぶどう"}, {"名前", "ノートA4|ボールペン|消しゴム"}, {"name", "Widget|Gadget|Gizmo"}, {"担当", "第一営業部|第二営業部|本社"},
		{"x", "2024-01-02|2024-01-03|2024-01-04"}, {"x", "0123456789|0123456780|0123456781"}, {"x", "4901234567894|4901234567887|4901234567870"},
		{"x", "東京都|大阪府|北海道"}, {"x", "東京 新宿|大阪 梅田|名古屋 栄"}, {"x", "New York|Los Angeles|San Francisco"}, {"x", "山口県|千葉県|福島県"}, {"x", "田中商店|佐藤工業|鈴木建設"},
		{"x", "123456789012|123456789013|123456789014"}, {"x", "1234567890123456|1234567890123457|1234567890123458"}, {"x", "@handle|@other|@third"}, {"x", "https://example.com/@a|x|y"},
		{"x", "12-3456-7890|99-1234-5678|11-2222-3333"}, {"x", "1.5|2.5|3.5"}, {"x", "true|false|true"}, {"x", "100-000|200-000|300-000"}, {"x", "A-001|A-002|A-003"},
		{"x", "第1回 会議|第2回 会議|第3回 会議"}, {"x", "赤 青|白 黒|緑 黄"}, {"x", ""}, {"x", "090-1234-5678|りんご|みかん|ぶどう"},
	} {
		values := strings.Split(c.values, "|")
		if got := Detect(core.Column{Name: c.name, Type: core.TypeString}, values); got != (core.Proposal{}) {
			t.Errorf("%s of %q: %+v", c.name, values, got)
		}
	}
	for _, typ := range []core.ColumnType{core.TypeInt64, core.TypeFloat64, core.TypeDate} {
		if got := Detect(core.Column{Name: "name", Type: typ}, nil); got != (core.Proposal{}) {
			t.Errorf("a name that is %s: %+v", typ, got)
		}
	}
}

func TestPropose(t *testing.T) { // PII-4
	text := func(s string) *string { return &s }
	columns := []core.Column{{Name: "x", Type: core.TypeString}, {Name: "給与", Type: core.TypeInt64}, {Name: "氏名", Type: core.TypeString, Class: core.ClassNone}, {Name: "地域", Type: core.TypeString}}
	s := &client.Summary{Columns: make([]client.ColumnSummary, 4), First: [][]*string{{text("a@example.com"), nil, text("田中 太郎"), nil}}}
	for i, c := range columns {
		s.Columns[i].Name = c.Name
	}
	for _, s := range []*client.Summary{s, nil} {
		got := Propose(columns, s)
		kinds := make([]string, len(got))
		for i, c := range got {
			kinds[i] = string(c.Proposed.Kind)
		}
		want := []string{"EMAIL", "SALARY", "", ""}
		if s == nil {
			want[0] = ""
		}
		if !slices.Equal(kinds, want) {
			t.Errorf("proposed %s, want %s", kinds, want)
		}
	}
	if fmt.Sprint(columns[1].Proposed) != fmt.Sprint(core.Proposal{}) {
		t.Error("the columns were changed in place")
	}
}
