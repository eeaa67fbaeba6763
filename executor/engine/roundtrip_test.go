package engine

import (
	"reflect"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

const everyType = "整数,小数,真偽,日付,時刻,世界,文字,郵便\n" +
	" 9223372036854775807 ,.5,TRUE,2024年1月2日,2024-1-2T3:04,2024-01-02 03:04:05+0900,\"a, \"\"b\"\"\nc\",0010001\n" +
	"-9223372036854775808,-1.5E+05,false,2024/1/2,2024-01-02 03:04:05.123456000,2024-01-02T03:04+09:00, 空白 ,1\n" +
	"0,5.,False,0001-01-01,9999-12-31,2024-01-02T03:04:05.5Z,😀,2\n" +
	"NA,0.1,true,N/A,0001-01-01 00:00:00,,NULL,00\n"

func TestEveryTypeComesBackAsItWas(t *testing.T) { // DS-6
	b := newBench(t, nil)
	src, done := b.load(t, everyType, core.CSVOptions{})
	wantColumns := []core.Column{
		{Name: "整数", Type: core.TypeInt64, Nullable: true}, {Name: "小数", Type: core.TypeFloat64},
		{Name: "真偽", Type: core.TypeBool}, {Name: "日付", Type: core.TypeDate, Nullable: true},
		{Name: "時刻", Type: core.TypeDatetime}, {Name: "世界", Type: core.TypeDatetime, Zoned: true, Nullable: true},
		{Name: "文字", Type: core.TypeString, Nullable: true}, {Name: "郵便", Type: core.TypeString},
	}
	if !reflect.DeepEqual(done.Columns, wantColumns) {
		t.Errorf("columns: %+v", done.Columns)
	}
	want := [][]string{
		{"9223372036854775807", "0.5", "true", "2024-01-02", "2024-01-02 03:04:00", "2024-01-01T18:04:05Z", "a, \"b\"\nc", "0010001"},
		{"-9223372036854775808", "-150000", "false", "2024-01-02", "2024-01-02 03:04:05.123456", "2024-01-01T18:04:00Z", " 空白 ", "1"},
		{"0", "5", "false", "0001-01-01", "9999-12-31 00:00:00", "2024-01-02T03:04:05.5Z", "😀", "2"},
		{"␀", "0.1", "true", "␀", "0001-01-01 00:00:00", "␀", "␀", "00"},
	}
	reply, err := b.Rows(t.Context(), client.RowsRequest{Source: src, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if got := rowsText(reply.Rows); !reflect.DeepEqual(got, want) || reply.TotalRows != 4 || !reflect.DeepEqual(reply.Columns, wantColumns) {
		t.Errorf("rows: %q", got)
	}
	slice, err := b.Slice(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer slice.Close()
	if got := sliceText(t, slice); !reflect.DeepEqual(got, want) {
		t.Errorf("slice: %q", got)
	}
	if !sealed(slice.File) {
		t.Error("the slice can be changed")
	}
}
