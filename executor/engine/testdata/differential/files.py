"""Writes CSV files that are hard on purpose into a folder, and says on stdout what they are.

Each file tells how it is to be read and which types its columns have: written down here by
hand, not taken from what Karuta finds.
"""

import json
import pathlib
import sys

OPTIONS = {"header", "delimiter", "encoding", "nullValues", "skipRows", "dateColumns", "sortColumn"}
folder, files = pathlib.Path(sys.argv[1]), []


def file(name, text, types, codec="utf-8", separator=",", refused="", pandas_nulls=False, **options):
    """codec and separator are the file's own; refused is why Karuta does not take it. pandas_nulls
    leaves pandas its own null words."""
    assert options.keys() <= OPTIONS, name
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode(codec))
    files.append({
        "name": name, "types": types.split(), "codec": codec, "separator": separator, "refused": refused,
        "pandasNulls": pandas_nulls, "options": options,
    })


def column(name, of, *values, **more):
    """A file of one column beside a counter, every value in quotes."""
    quoted = ['"' + v.replace('"', '""') + '"' for v in values]
    file(name, "n,v\n" + "".join(f"{i},{v}\n" for i, v in enumerate(quoted)), "int64 " + of, **more)


def every_cp932():
    """Every character of two bytes, but for those that a company makes itself."""
    for lead in [*range(0x81, 0xA0), *range(0xE0, 0xF0), *range(0xFA, 0xFD)]:
        for trail in [*range(0x40, 0x7F), *range(0x80, 0xFD)]:
            try:
                yield f"{lead:02x}{trail:02x}", bytes([lead, trail]).decode("cp932"), bytes([lead, trail])
            except UnicodeDecodeError:
                pass


# Encodings.
names = "名前,場所,金額\n髙橋①,東京～大阪,100\n﨑山,ﾄｳｷｮｳ,-5\n\"㈱表,示\",－纊ソ能,0\n"
file("utf8.csv", names, "string string int64")
file("utf8_mark.csv", names, "string string int64", "utf-8-sig")
file("utf8_named.csv", names, "string string int64", encoding="utf-8")
file("utf16_little.csv", b"\xff\xfe" + names.encode("utf-16-le"), "string string int64", "utf-16")
file("utf16_big.csv", b"\xfe\xff" + (names + "😀,𠮷,7\n").encode("utf-16-be"), "string string int64", "utf-16")
file("utf16_unmarked.csv", names.encode("utf-16-le"), "string string int64", "utf-16-le", encoding="utf-16")
file("cp932.csv", names, "string string int64", "cp932")
file("cp932_named.csv", names, "string string int64", "cp932", encoding="shift_jis")
file("cp932_narrow_kana.csv", "ｶﾅ,n\nﾊﾝｶｸ､ｶﾀｶﾅ｡,1\nｱ\"ｲ,2\n\"ｳ,ｴ\",3\n", "string int64", "cp932")
file("cp932_delimiter_bytes.csv", "表|ソ|n\n表|ポ|1\n十ー|\"構|\"|2\n", "string string int64", "cp932", "|")
file("cp932_every_character.csv", b"code,c\n" + b"".join(b"x%s,%s\n" % (code.encode(), raw) for code, _, raw in every_cp932()), "string string", "cp932")
file("shift_jis_of_python.csv", b"a,b\n\x81\x60,1\n\x81\x7c,2\n\x5c,3\n\x7e,4\n\x87\x40,5\n", "string int64", "shift_jis", encoding="shift_jis")
file("utf8_damaged.csv", b"a,b\n\xe6\x9d\xb1,1\n\xe6\x9d,2\n", "", refused="ENCODING_ERROR")
file("cp932_unassigned.csv", b"a,b\n\x93\x8c,1\n\x80,2\n", "", "cp932", refused="ENCODING_ERROR")
file("cp932_own_characters.csv", b"a,b\n\xf0\x40,1\n", "", "cp932", refused="ENCODING_ERROR.named", encoding="cp932")
file("utf16_half.csv", b"\xff\xfe" + "a,b\n1,".encode("utf-16-le") + b"\x00\xd8\n\x00", "", "utf-16", refused="ENCODING_ERROR.damaged")

# Line ends, quotes, the shape of rows.
file("crlf.csv", "a,b\r\n1,x\r\n2,y\r\n", "int64 string")
file("cr.csv", "a,b\r1,x\r2,y\r", "int64 string")
file("mixed_line_ends.csv", "a,b\r\n1,x\n2,y\r3,z", "int64 string")
file("quoted_newlines.csv", 'a,b\n1,"x\ny"\n2,"\n\n"\n3,"a,b\n4,c"\n', "int64 string")
file("quoted_crlf.csv", 'a,b\r\n1,"x\r\ny"\r\n2,"\r"\r\n3,"\n"\r\n', "int64 string")
file("doubled_quotes.csv", 'a,b\n1,""""\n2,"""x"""\n3,"say ""yes"", ""no"""\n4,""""""\n5,x\n', "int64 string")
file("quotes_within.csv", 'a,b\n1,5" pipe\n2,x"y"z\n3,a""b\n4, "q"\n', "int64 string")
file("blank_lines.csv", "\n\na,b\n\n1,x\n\r\n\n2,y\n\n", "int64 string")
file("no_last_line_end.csv", 'a,b\n1,x\n2,"y"', "int64 string")
file("too_few.csv", "a,b,c\n1,2,3\n4,5\n", "", refused="CSV_PARSE_ERROR.ragged")
file("too_many.csv", "a,b\n1,2\n3,4,5\n", "", refused="CSV_PARSE_ERROR.ragged")
file("trailing_delimiter.csv", "a,b,\n1,2,\n3,4,\n", "int64 int64 string")
file("text_after_quote.csv", 'a,b\n1,"x"y\n', "", refused="CSV_PARSE_ERROR.bad_quote")
file("open_quote.csv", 'a,b\n1,x\n2,"y\n3,z\n', "", refused="CSV_PARSE_ERROR.unterminated_quote")
file("nul_byte.csv", "a,b\n1,x\x00y\n", "", refused="CSV_PARSE_ERROR.nul_byte")
file("semicolon.csv", 'a;b;c\n1;"x;y";1,5\n2;z;2,5\n', "int64 string string", separator=";")
file("tab.tsv", 'a\tb\n1\t"x\ty"\n2\ta,b;c\n', "int64 string", separator="\t")
file("pipe.csv", "a|b\n1|x,y\n2|z;\n", "int64 string", separator="|")
file("caret.csv", "a^b\n1^x,y\n2^z;\n", "int64 string", separator="^", delimiter="^")
file("skipped_lines.csv", 'Report, "2024\n\na,b\n1,x\n', "int64 string", skipRows=2)
file("no_header.csv", "1,x,2024-01-02\n2,y,2024-01-03\n", "int64 string date", header=False)
file("one_column.csv", "a\n1\n2\n3\n", "int64")
file("one_column_of_blanks.csv", 'a\nx\n\n""\n  \ny\n', "string")
file("header_alone.csv", "a,b,c\n", "string string string")
file("five_hundred_columns.csv", ",".join(f"c{i}" for i in range(500)) + "\n" + "".join(",".join(str(r * 500 + i) for i in range(500)) + "\n" for r in range(3)), "int64 " * 500)
file("long_fields.csv", "a,b\n1," + "x" * (1 << 20) + '\n2,"' + "長" * 300_000 + '"\n', "int64 string")
file("field_too_long.csv", "a,b\n1," + "x" * ((1 << 20) + 1) + "\n", "", refused="CSV_PARSE_ERROR.field_too_long")
file("many_rows.csv", "n,s,d\n" + "".join(f'{i},"r ""{i}""",2024-{i % 12 + 1:02}-01\n' for i in range(9000)), "int64 string date")

# Headers.
file("headers_empty.csv", "a,,c,\n1,2,3,4\n", "int64 int64 int64 int64")
file("headers_doubled.csv", "a,a,A,a_2\n1,2,3,4\n", "int64 int64 int64 int64")
file("headers_odd.csv", ' a ,"x\ny","c,d","say ""q""",1,\x01\n1,2,3,4,5,6\n', "int64 int64 int64 int64 int64 int64")
file("header_long.csv", "長" * 300 + ",b\n1,2\n", "int64 int64")

# Numbers.
column("leading_zeros.csv", "string", "0010001", "1", "-01", "00")
column("int64_bounds.csv", "int64", "9223372036854775807", "-9223372036854775808", "0", "-0", "9007199254740993")
column("beyond_int64.csv", "string", "9223372036854775808", "-9223372036854775809", "1", "123456789012345678901234567890")
column("beyond_int64_with_fractions.csv", "string", "1000000000000000000000", "0.5", "1")
column("beyond_float.csv", "string", "9007199254740993", "0.5")
column("ints_with_nulls.csv", "int64", "9007199254740993", "", "NA", "-9223372036854775807")
column("floats.csv", "float64", "1.5", "1", "-0.5", ".5", "5.", "1e3", "1E-3", "1e+05", "0.1", "0.30000000000000004", "-0.0", "0.0", "1.10", "123456789.123456", "")
column("float_bounds.csv", "float64", "1.7976931348623157e308", "5e-324", "2.2250738585072014e-308", "1e23", "9007199254740992.0", "0e999")
column("too_many_digits.csv", "string", "0.1234567890123456789", "1.00000000000000001", "3.14159265358979323846")
column("out_of_range_floats.csv", "string", "1e400", "1e-400", "1")
column("no_numbers_here.csv", "string", "inf", "-Infinity", "NaN", "nan", "0x10", "1e", "1.2.3", "--1", ".")
column("plus.csv", "string", "+5", "1")
column("underscores.csv", "string", "1_000", "1")
column("wide_digits.csv", "string", "１２", "3")
column("thousands.csv", "string", "1,000", "2,500.5")
column("money_and_percent.csv", "string", "¥500", "10%", "-5円")
file("spaces_around_numbers.csv", "a,b,c\n 1 , 1.5,x\n2,  2.5 , y \n  -3,3, \n", "int64 float64 string")
file("quoted_numbers.csv", 'a,b\n"1","1.5"\n2,"2"\n"3",3\n', "int64 float64")
column("tabs_around_numbers.csv", "string", "\t5", "5\n", "\u00a05")

# True and false, nulls.
column("bools.csv", "bool", "true", "FALSE", "False", "True", "", "false")
column("bools_in_odd_case.csv", "bool", "tRuE", "falsE")
column("yes_and_no.csv", "string", "yes", "no")
column("letters_for_bools.csv", "string", "t", "f", "T", "F")
column("bools_and_numbers.csv", "string", "true", "1")
file("null_words.csv", "n,s,i\n1,NULL,NA\n2,null,5\n3,NA,N/A\n4,N/A,\n5,,7\n6,na,8\n7,Null,9\n8,\"\",1\n9,\"NULL\",2\n", "int64 string int64")
file("null_words_of_pandas.csv", "n,s\n1,nan\n2,None\n3,n/a\n4,#N/A\n5,<NA>\n6,-nan\n7,NaN\n8,1.#IND\n9,-1.#QNAN\n10,NULL\n", "int64 string", pandas_nulls=True)
file("null_words_of_the_import.csv", "n,s,f\n1,-,未定\n2,NULL,1.5\n3,,-\n4,NA,2\n", "int64 string float64", nullValues=["-", "未定"])
file("no_null_words.csv", "n,s\n1,NULL\n2,\n3,NA\n4,\"\"\n", "int64 string", nullValues=[])
file("nothing_in_a_column.csv", "a,b,c\n1,,NA\n2,NULL,\n", "int64 string string")
file("nulls_first.csv", "a,b,c,d\n,,,\n,,,\n1,1.5,true,2024-01-02\n", "int64 float64 bool date")

# Dates and times.
column("dates.csv", "date", "2024-01-02", "2024/1/2", "2024-1-2", "2024/01/02", "", "2024-02-29", "2000-02-29")
column("kanji_dates.csv", "date", "2024年1月2日", "2024年12月31日", "2024-01-02")
column("date_bounds.csv", "date", "0001-01-01", "9999-12-31", "1582-10-10")
column("impossible_dates.csv", "string", "2023-02-29", "2024-01-01")
column("impossible_kanji_dates.csv", "string", "2024年2月30日", "2024年1月1日")
column("american_dates.csv", "string", "01/02/2024", "12/31/2024")
column("era_dates.csv", "string", "令和6年1月2日", "R6.1.2")
column("months.csv", "string", "2024-01", "2024/02")
column("digits_like_dates.csv", "int64", "20240102", "20241231")
column("datetimes.csv", "datetime", "2024-01-02 03:04", "2024-01-02T03:04:05", "2024/1/2 3:04:05.123456", "2024-01-02 23:59:59.1", "", "2024-01-02 03:04:05.123456000")
column("dates_and_datetimes.csv", "datetime", "2024-01-02", "2024-01-02 03:04")
column("datetime_bounds.csv", "datetime", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999")
column("zones.csv", "zoned", "2024-01-02T03:04:05Z", "2024-01-02 03:04:05+09", "2024-01-02T03:04:05.5-03:30", "2024-01-02 03:04:05+0900", "2024-01-02T03:04+09:00", "")
column("zones_and_none.csv", "string", "2024-01-02T03:04:05Z", "2024-01-02T03:04:05")
column("nanoseconds.csv", "string", "2024-01-02 03:04:05.1234567", "2024-01-02 03:04:05.123456")
column("times_that_are_none.csv", "string", "2024-01-02 24:00", "2024-01-02 03:60", "12:30", "2024-01-02 03:04:60")
file("date_columns.csv", "d,e\n2024-01-02,2024年1月2日\nNA,2024/1/3\n", "date date", dateColumns=["d", "e"])
file("date_column_without.csv", "d\n2024-01-02\nsoon\n", "", refused="CSV_PARSE_ERROR.not_a_date", dateColumns=["d"])

# Texts.
column("spaces_around_texts.csv", "string", " x", "y ", "  ", "\u3000全角\u3000", "\u00a0")
column("emoji.csv", "string", "😀", "👨‍👩‍👧‍👦", "🇯🇵", "𠮷野家", "葛󠄀城")
column("combining.csv", "string", "が", "が", "é", "é", "ﾊﾟ")
column("right_to_left.csv", "string", "שלום, עולם", "مرحبا", "a\u202eb\u202c", "\u200e1")
column("control_characters.csv", "string", "a\x01b", "\x1b[31m", "\x7f", "a\tb", "\x08", "\x1a", "\x0bx\x0c")
column("line_ends_of_unicode.csv", "string", "a\u2028b", "a\u0085b", "a\u2029", "\x0b", "\x1c\x1d\x1e")
column("marks_within.csv", "string", "\ufeffx", "x\ufeff", "\ufffd", "\ufeff")
file("mark_at_a_field.csv", "a,b\n\ufeffx,1\n\ufeff,2\n", "string int64")
column("formulas.csv", "string", "=1+1", "@cmd", "-x", "+x", "=HYPERLINK(\"http://x\")")
column("percent_and_braces.csv", "string", "%s", "{0}", "$1", "'; DROP TABLE t; --", "\\n", "\\", "\\\"")

# The partition column.
file("sorted_by_number.csv", "k,n\n3,a\n1,b\n,c\n2,d\n1,e\n-5,f\n,g\n10,h\n", "int64 string", sortColumn="k")
file("sorted_by_text.csv", "k,n\nb,1\nB,2\nあ,3\n,4\na,5\n😀,6\n～,7\na,8\naa,9\n", "string int64", sortColumn="k")
file("sorted_by_date.csv", "n,k\n1,2024年1月3日\n2,2024-01-02\n3,NA\n4,2023/12/31\n5,2024/1/2\n", "int64 date", sortColumn="k")

json.dump(files, sys.stdout)
