package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// overTCP sends bytes to a server and gives the answer, with the status 0 where there is none.
func overTCP(t *testing.T, web *httptest.Server, sent string) (status int, a *answered) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(web.URL, "http://"))
	must(t, err)
	defer func() { _ = c.Close() }()
	must(t, c.SetDeadline(time.Now().Add(2*time.Minute)))
	_, err = io.WriteString(c, sent)
	must(t, err)
	method, _, _ := strings.Cut(sent, " ")
	r, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return 0, &answered{}
	}
	defer func() { _ = r.Body.Close() }()
	body, _ := io.ReadAll(r.Body)
	a = &answered{Response: r, text: string(body)}
	_ = json.Unmarshal(body, a)
	return r.StatusCode, a
}

// line is a whole POST with the headers, each "Name: value", and the body.
func line(body string, headers ...string) string {
	head := "POST /graphql HTTP/1.1\r\nHost: karuta\r\nConnection: close\r\n"
	typed := false
	for _, h := range headers {
		typed = typed || strings.HasPrefix(h, "Content-Type:")
		head += h + "\r\n"
	}
	if !typed {
		head += "Content-Type: application/json\r\n"
	}
	return head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

// chunked is a POST in one chunk.
func chunked(header string) string {
	return "POST /graphql HTTP/1.1\r\nHost: karuta\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n" + header + fmt.Sprintf("\r\n%x\r\n%s\r\n0\r\n\r\n", len(fine), fine)
}

func asking(query string, headers ...string) string {
	text, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		panic(err)
	}
	return line(string(text), headers...)
}

const fine = `{"query":"{ serverInfo { env } }"}`

func getting(target string, headers ...string) string {
	head := "GET " + target + " HTTP/1.1\r\nHost: karuta\r\nConnection: close\r\nX-Karuta-Client: curl\r\n"
	for _, h := range headers {
		head += h + "\r\n"
	}
	return head + "\r\n"
}

const asksByGet = "/graphql?query=%7BserverInfo%7Benv%7D%7D"

func uploading(boundary, body string) string {
	return line(strings.ReplaceAll(body, "\n", "\r\n"), "Content-Type: multipart/form-data; boundary="+boundary, "X-Karuta-Client: curl")
}

func partOf(name, more, text string) string {
	return "--b\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\n\n" + text + "\n"
}

// Whatever a stranger sends, the answer is the one that the specifications have for it
// (GraphQL over HTTP, GraphQL multipart request, RFC 9110, RFC 9112), with a code where
// it is ours, and repeats nothing; nothing panics, and nothing is an error of ours. What
// is not HTTP/1 at all is answered by net/http.
func TestHostileRequests(t *testing.T) {
	h := newHouse(t, outside)
	web := httptest.NewServer(h.handler)
	defer web.Close()
	ops := partOf("operations", "", `{"query":"mutation($file: Upload!) { importCsv(input: {name: \"x\", file: $file}) { job { id } } }","variables":{"file":null,"deep":{"a":{"b":{"c":{"d":null}}}},"list":[null]}}`)
	file := partOf("0", "; filename=\"do not repeat me.csv\"", "a,b")
	cases := []struct{ name, want, sent string }{
		// RFC 9112
		{"absolute form", "200", strings.Replace(line(fine), "POST /graphql", "POST http://evil.example/graphql", 1)},
		{"absolute form GET", "200", strings.Replace(getting(asksByGet), "GET /", "GET http://karuta/", 1)},
		{"authority form", "405", "CONNECT karuta:443 HTTP/1.1\r\nHost: karuta\r\n\r\n"},
		{"asterisk", "200", "OPTIONS * HTTP/1.1\r\nHost: karuta\r\nConnection: close\r\n\r\n"},
		{"two lengths", "400", strings.Replace(line(fine), "Content-Length", "Content-Length: 3\r\nContent-Length", 1)},
		{"same length twice", "200", strings.Replace(line(fine), "Content-Length", fmt.Sprintf("Content-Length: %d\r\nContent-Length", len(fine)), 1)},
		{"length and chunks", "200", strings.Replace(chunked(""), "Transfer-Encoding", "Content-Length: 3\r\nTransfer-Encoding", 1)},
		{"chunks, odd case", "200", "POST /graphql HTTP/1.1\r\nHost: k\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: Chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(fine), fine)},
		{"chunks and gzip", "501", "POST /graphql HTTP/1.1\r\nHost: k\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
		{"chunk of a bad size", "400 VALIDATION_ERROR", "POST /graphql HTTP/1.1\r\nHost: k\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
		{"chunk of a huge size", "400 VALIDATION_ERROR", "POST /graphql HTTP/1.1\r\nHost: k\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"},
		{"trailers", "200", "POST /graphql HTTP/1.1\r\nHost: k\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\nAuthorization: Bearer x\r\n\r\n", len(fine), fine)},
		{"negative length", "400", "POST /graphql HTTP/1.1\r\nHost: k\r\nContent-Length: -1\r\n\r\n"},
		{"length with a plus", "400", "POST /graphql HTTP/1.1\r\nHost: k\r\nContent-Length: +5\r\n\r\nhello"},
		{"no host", "400", strings.Replace(line(fine), "Host: karuta\r\n", "", 1)},
		{"two hosts", "400", line(fine, "Host: evil")},
		{"host with a path", "400", strings.Replace(line(fine), "Host: karuta", "Host: karuta/evil", 1)},
		{"folded header", "200", line(fine, "X-A: b\r\n c")},
		{"space before the colon", "400", line(fine, "X-A : b")},
		{"NUL in a header", "400", line(fine, "X-A: b\x00c")},
		{"bare LF", "200", strings.ReplaceAll(line(fine), "\r\n", "\n")},
		{"HTTP/1.0", "200", strings.Replace(line(fine), "HTTP/1.1", "HTTP/1.0", 1)},
		{"HTTP/2 preface", "400", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		{"HTTP/9", "505", strings.Replace(line(fine), "HTTP/1.1", "HTTP/9.9", 1)},
		{"lower method", "405 VALIDATION_ERROR", strings.Replace(line(fine), "POST", "post", 1)},
		{"fragment", "200", getting(asksByGet + "#x")},
		{"dot segments", "307", getting("/x/.." + asksByGet)},
		{"double slash", "307", getting("/" + asksByGet)},
		{"trailing slash", "404", strings.Replace(line(fine), "/graphql ", "/graphql/ ", 1)},
		{"encoded path", "200", strings.Replace(line(fine), "/graphql ", "/%67raphql ", 1)},
		{"NUL in the path", "404", strings.Replace(line(fine), "/graphql ", "/graphql%00 ", 1)},
		{"upper path", "404", strings.Replace(line(fine), "/graphql ", "/GraphQL ", 1)},
		{"expect", "100", line(fine, "Expect: 100-continue")},
		{"expect nonsense", "417", line(fine, "Expect: nonsense")},
		{"upgrade h2c", "200", line(fine, "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")},
		{"method override", "200", line(fine, "X-HTTP-Method-Override: DELETE")},
		{"HEAD with a query", "405", strings.Replace(getting(asksByGet), "GET", "HEAD", 1)},
		{"OPTIONS", "204", strings.Replace(getting(asksByGet), "GET", "OPTIONS", 1)},
		// GET
		{"GET fine", "200", getting(asksByGet)},
		{"GET query twice", "400 VALIDATION_ERROR", getting(asksByGet + "&query=%7Bx%7D")},
		{"GET id and query", "400 VALIDATION_ERROR", getting(asksByGet + "&documentId=x")},
		{"GET semicolon", "400 VALIDATION_ERROR", getting(asksByGet + ";x=1")},
		{"GET bad escape", "400 VALIDATION_ERROR", getting(asksByGet + "&x=%zz")},
		{"GET no query", "400 VALIDATION_ERROR", getting("/graphql")},
		{"GET variables twice in", "400 VALIDATION_ERROR", getting(asksByGet + "&variables=%7B%22a%22%3A1%2C%22a%22%3A2%7D")},
		{"GET no UTF-8", "400 VALIDATION_ERROR", getting("/graphql?query=%7B%ff%7D")},
		{"GET NUL", "200 GRAPHQL_PARSE_FAILED", getting("/graphql?query=%7B%00%7D")},
		{"GET operationName NUL", "200 VALIDATION_ERROR", getting(asksByGet + "&operationName=%00")},
		{"GET with a body", "200", getting(asksByGet, "Content-Type: application/json", "Content-Length: 2") + "{}"},
		{"GET long", "200 QUERY_COST", getting("/graphql?query=" + strings.Repeat("a", 200_000))},
		{"GET variables null", "200", getting(asksByGet + "&variables=null")},
		{"GET variables empty", "200", getting(asksByGet + "&variables=&extensions=")},
		// Accept
		{"Accept q=0 all", "406 VALIDATION_ERROR", line(fine, "Accept: */*;q=0")},
		{"Accept q=0 json", "406 VALIDATION_ERROR", line(fine, "Accept: application/json;q=0, */*")},
		{"Accept q 1.5", "406 VALIDATION_ERROR", line(fine, "Accept: application/json;q=1.5")},
		{"Accept q NaN", "406 VALIDATION_ERROR", line(fine, "Accept: application/json;q=NaN")},
		{"Accept q inf", "406 VALIDATION_ERROR", line(fine, "Accept: application/json;q=Inf")},
		{"Accept q -0", "406 VALIDATION_ERROR", line(fine, "Accept: application/json;q=-0")},
		{"Accept many", "200", line(fine, "Accept: "+strings.Repeat("a/b,", 3000)+"application/json")},
		{"Accept empty parts", "200", line(fine, "Accept: ,,,application/json,,")},
		{"Accept quoted", "200", line(fine, `Accept: application/json;profile="a,b;q=0"`)},
		{"Accept utf-16", "200", line(fine, "Accept: application/json;charset=utf-16")},
		{"Accept nonsense", "406 VALIDATION_ERROR", line(fine, "Accept: nonsense")},
		{"Accept upper", "200", line(fine, "Accept: APPLICATION/JSON")},
		{"Accept text/*", "406 VALIDATION_ERROR", line(fine, "Accept: text/*")},
		{"Accept twice", "200", line(fine, "Accept: text/html", "Accept: application/json")},
		{"Accept events q=0", "200", line(fine, "Accept: text/event-stream;q=0, application/json")},
		{"Accept multipart only", "406 VALIDATION_ERROR", line(fine, "Accept: multipart/mixed")},
		{"Accept-Charset", "200", line(fine, "Accept-Charset: utf-16")},
		{"Accept-Encoding all refused", "200", line(fine, "Accept-Encoding: identity;q=0, *;q=0")},
		// media types
		{"no type", "415 VALIDATION_ERROR", line(fine, "Content-Type:")},
		{"two types", "200", line(fine, "Content-Type: application/json", "Content-Type: text/plain")},
		{"two charsets", "415 VALIDATION_ERROR", line(fine, "Content-Type: application/json; charset=utf-8; charset=utf-16")},
		{"utf8 without dash", "415 VALIDATION_ERROR", line(fine, "Content-Type: application/json; charset=utf8")},
		{"charset empty", "200", line(fine, `Content-Type: application/json; charset=""`)},
		{"unknown parameter", "200", line(fine, "Content-Type: application/json; x=y")},
		{"json-patch", "415 VALIDATION_ERROR", line(fine, "Content-Type: application/json-patch+json")},
		{"+json", "415 VALIDATION_ERROR", line(fine, "Content-Type: application/graphql+json")},
		{"simple type trick", "415 VALIDATION_ERROR", line(fine, "Content-Type: text/plain; application/json")},
		{"NUL in type", "400", line(fine, "Content-Type: application/json\x00")},
		// JSON
		{"UTF-16", "400 VALIDATION_ERROR", line("\xff\xfe{\x00}\x00")},
		{"UTF-32", "400 VALIDATION_ERROR", line("{\x00\x00\x00}\x00\x00\x00")},
		{"garbage behind", "400 VALIDATION_ERROR", line(fine + " x")},
		{"NUL behind", "400 VALIDATION_ERROR", line(fine + "\x00")},
		{"comment", "400 VALIDATION_ERROR", line("/* */" + fine)},
		{"single quotes", "400 VALIDATION_ERROR", line(`{'query':'{a}'}`)},
		{"trailing comma", "400 VALIDATION_ERROR", line(`{"query":"{a}",}`)},
		{"NaN", "400 VALIDATION_ERROR", line(`{"query":"{a}","variables":{"a":NaN}}`)},
		{"huge int", "200 VALIDATION_ERROR", line(`{"query":"query($n:Int){dashboards(first:$n){nodes{id}}}","variables":{"n":` + strings.Repeat("9", 10_000) + `}}`)},
		{"huge float", "200 VALIDATION_ERROR", line(`{"query":"query($n:Int){dashboards(first:$n){nodes{id}}}","variables":{"n":1e999999999}}`)},
		{"minus zero", "200 UNAUTHORIZED", line(`{"query":"query($n:Int){dashboards(first:$n){nodes{id}}}","variables":{"n":-0}}`)},
		{"lone surrogate", "200 UNAUTHORIZED", line(`{"query":"query($i:ID!){dashboard(id:$i){id}}","variables":{"i":"\ud800 do not repeat me"}}`)},
		{"NUL in a variable", "200 UNAUTHORIZED", line(`{"query":"query($i:ID!){dashboard(id:$i){id}}","variables":{"i":"do not repeat me\u0000"}}`)},
		{"unicode id", "200 UNAUTHORIZED", line(`{"query":"query($i:ID!){dashboard(id:$i){id}}","variables":{"i":"` + strings.Repeat("﷽", 1000) + `"}}`)},
		{"__proto__", "200", line(`{"query":"{serverInfo{env}}","variables":{"__proto__":{"x":1}},"__proto__":1}`)},
		{"variables twice inside", "200 UNAUTHORIZED", line(`{"query":"query($i:ID!){dashboard(id:$i){id}}","variables":{"i":"a","i":"b"}}`)},
		{"persistedQuery twice inside", "400 VALIDATION_ERROR", line(`{"query":"{serverInfo{env}}","extensions":{"persistedQuery":null,"persistedQuery":7}}`)},
		{"keys in capitals", "200", line(`{"QUERY":"{serverInfo{env}}"}`)},
		{"long key", "400 VALIDATION_ERROR", line(`{"` + strings.Repeat("k", 100_000) + `":1}`)},
		{"long key twice", "400 VALIDATION_ERROR", line(`{"` + strings.Repeat("do not repeat me", 1000) + `":1,"` + strings.Repeat("do not repeat me", 1000) + `":2}`)},
		// GraphQL
		{"deep fields", "200 GRAPHQL_PARSE_FAILED", asking(strings.Repeat("{a", 1000) + strings.Repeat("}", 1000))},
		{"deep lists", "200 GRAPHQL_PARSE_FAILED", asking("{dashboards(first:" + strings.Repeat("[", 1500) + strings.Repeat("]", 100) + "){nodes{id}}}")},
		{"circular", "200 GRAPHQL_VALIDATION_FAILED", asking("{me{...a}} fragment a on User{...b} fragment b on User{...a}")},
		{"circular itself", "200 GRAPHQL_VALIDATION_FAILED", asking("{...a} fragment a on Query{...a}")},
		{"exponential", "200 QUERY_COST", asking(exponential())},
		{"aliases", "200 GRAPHQL_PARSE_FAILED", asking("{" + aliased(1000) + "}")},
		{"duplicates", "200 QUERY_COST", asking("{me{" + strings.Repeat("id ", 1500) + "}}")},
		{"directives", "200 GRAPHQL_PARSE_FAILED", asking("{me{id " + strings.Repeat("@include(if:true)", 300) + "}}")},
		{"unknown directives", "200 GRAPHQL_VALIDATION_FAILED", asking("{me{id " + strings.Repeat("@aa", 900) + "}}")},
		{"__type", "200 FORBIDDEN", asking(`{__type(name:"User"){name fields{name}}}`)},
		{"__schema", "200 FORBIDDEN", asking(`{__schema{types{name}}}`)},
		{"__type by a fragment", "200 FORBIDDEN", asking(`{...a} fragment a on Query{t:__type(name:"User"){name}}`)},
		{"__typename", "200", asking(`{__typename}`)},
		{"suggestions of a field", "200 GRAPHQL_VALIDATION_FAILED", asking(`{dashboard}`)},
		{"suggestions", "200 GRAPHQL_VALIDATION_FAILED", asking(`{serverInf{env}}`)},
		{"suggestions of an argument", "200 GRAPHQL_VALIDATION_FAILED", asking(`{dashboard(i:"x"){id}}`)},
		{"suggestions of a type", "200 GRAPHQL_VALIDATION_FAILED", asking(`{...a} fragment a on Quer{x}`)},
		{"suggestions of an enum", "200 GRAPHQL_VALIDATION_FAILED", asking(`{dashboards(first:1,orderBy:{field:NAM}){nodes{id}}}`)},
		{"suggestions of a directive", "200 GRAPHQL_VALIDATION_FAILED", asking(`{serverInfo @skp(if:true){env}}`)},
		{"suggestions of an input", "200 GRAPHQL_VALIDATION_FAILED", asking(`mutation{login(input:{emai:"x"}){token}}`)},
		{"echo of a literal", "200 UNAUTHORIZED", asking(`{dashboard(id:"do not repeat me"){id}}`)},
		{"echo of a wrong literal", "200 GRAPHQL_VALIDATION_FAILED", asking(`{dashboards(first:"do not repeat me"){nodes{id}}}`)},
		{"BOM in the query", "200", asking("\ufeff{serverInfo{env}}")},
		{"NUL in the query", "200 GRAPHQL_PARSE_FAILED", asking("{serverInfo{env}}\x00")},
		{"type definition", "200 GRAPHQL_PARSE_FAILED", asking("type A{a:Int}")},
		{"only a comment", "200 GRAPHQL_PARSE_FAILED", asking("# x")},
		{"two anonymous", "200 GRAPHQL_VALIDATION_FAILED", asking("{me{id}}{me{id}}")},
		{"same name twice", "200 GRAPHQL_VALIDATION_FAILED", asking("query A{me{id}}query A{me{id}}")},
		{"subscription by POST", "200 VALIDATION_ERROR", asking("subscription{serviceNotice{seq}}")},
		{"two roots in a subscription", "200 VALIDATION_ERROR", asking("subscription{a:serviceNotice{seq}b:serviceNotice{seq}}")},
		{"typename in a subscription", "200 GRAPHQL_VALIDATION_FAILED", asking("subscription{__typename}")},
		{"unused variable", "200 GRAPHQL_VALIDATION_FAILED", asking("query($a:Int){me{id}}")},
		{"variable of an output type", "200 GRAPHQL_VALIDATION_FAILED", asking("query($a:User){me{id}}")},
		{"block string", "200 UNAUTHORIZED", asking(`{dashboard(id:"""` + strings.Repeat("x", 5000) + `"""){id}}`)},
		{"escapes", "200 GRAPHQL_PARSE_FAILED", asking(`{dashboard(id:"\u{110000}"){id}}`)},
		{"surrogates", "200 UNAUTHORIZED", asking(`{dashboard(id:"\uD83D"){id}}`)},
		{"int literal", "200 GRAPHQL_VALIDATION_FAILED", asking(`{dashboards(first:99999999999999999999999999){nodes{id}}}`)},
		{"negative", "200 UNAUTHORIZED", asking(`{dashboards(first:-1){nodes{id}}}`)},
		{"operationName only spaces", "200 VALIDATION_ERROR", line(`{"query":"query A{me{id}}","operationName":" "}`)},
		// multipart
		{"no boundary", "400 VALIDATION_ERROR", line("", "Content-Type: multipart/form-data", "X-Karuta-Client: curl")},
		{"long boundary", "400 VALIDATION_ERROR", uploading(strings.Repeat("b", 500), "")},
		{"quoted boundary", "400 VALIDATION_ERROR", uploading(`"b c"`, "--b c\n")},
		{"files first", "400 VALIDATION_ERROR", uploading("b", file+ops+partOf("map", "", `{"0":["variables.file"]}`)+"--b--\n")},
		{"map first", "400 VALIDATION_ERROR", uploading("b", partOf("map", "", `{"0":["variables.file"]}`)+ops+file+"--b--\n")},
		{"map outside", "400 VALIDATION_ERROR", uploading("b", ops+partOf("map", "", `{"0":["operationName"]}`)+file+"--b--\n")},
		{"map up", "400 VALIDATION_ERROR", uploading("b", ops+partOf("map", "", `{"0":["variables.file.."]}`)+file+"--b--\n")},
		{"map proto", "400 VALIDATION_ERROR", uploading("b", ops+partOf("map", "", `{"0":["variables.__proto__.x"]}`)+file+"--b--\n")},
		{"map into a list", "400 VALIDATION_ERROR", uploading("b", ops+partOf("map", "", `{"0":["variables.list.0"]}`)+file+"--b--\n")},
		{"map to a batch", "400 VALIDATION_ERROR", uploading("b", ops+partOf("map", "", `{"0":["0.variables.file"]}`)+file+"--b--\n")},
		{"map deep", "400 VALIDATION_ERROR", uploading("b", ops+partOf("map", "", `{"0":["variables.deep.a.b.c.d"]}`)+file+"--b--\n")},
		{"map twice the same", "400 VALIDATION_ERROR", uploading("b", ops+partOf("map", "", `{"0":["variables.file","variables.file"]}`)+file+"--b--\n")},
		{"map key twice", "400 VALIDATION_ERROR", uploading("b", ops+partOf("map", "", `{"0":["variables.deep"],"0":["variables.file"]}`)+file+"--b--\n")},
		{"map null", "400 VALIDATION_ERROR", uploading("b", ops+partOf("map", "", `null`)+file+"--b--\n")},
		{"map empty path", "400 VALIDATION_ERROR", uploading("b", ops+partOf("map", "", `{"0":[""]}`)+file+"--b--\n")},
		{"map no path", "400 VALIDATION_ERROR", uploading("b", ops+partOf("map", "", `{"0":[]}`)+file+"--b--\n")},
		{"map garbage", "400 VALIDATION_ERROR", uploading("b", ops+partOf("map", "", `{} do not repeat me`)+file+"--b--\n")},
		{"operations twice", "400 VALIDATION_ERROR", uploading("b", ops+ops+partOf("map", "", `{}`)+"--b--\n")},
		{"not ended", "200 UNAUTHORIZED", uploading("b", ops+partOf("map", "", `{"0":["variables.file"]}`)+"--b\nContent-Disposition: form-data; name=\"0\"; filename=x\n\na,b")},
		{"no end at all", "400 VALIDATION_ERROR", uploading("b", "--b\nContent-Disposition: form-data; name=\"operations\"\n\n{")},
		{"many part headers", "400 VALIDATION_ERROR", uploading("b", "--b\n"+strings.Repeat("X-A: b\n", 20_000)+"\n{}\n--b--\n")},
		{"no name", "400 VALIDATION_ERROR", uploading("b", "--b\n\n{}\n--b--\n")},
		{"operations as a file", "200", uploading("b", partOf("operations", "; filename=x", fine)+partOf("map", "", "{}")+"--b--\n")},
		{"operations in UTF-16", "400 VALIDATION_ERROR", uploading("b", partOf("operations", "", "\xff\xfe{\x00}\x00")+partOf("map", "", "{}")+"--b--\n")},
		{"preamble", "200", uploading("b", strings.Repeat("do not repeat me\n", 1000)+partOf("operations", "", fine)+partOf("map", "", "{}")+"--b--\n")},
		{"no CSRF header", "403 FORBIDDEN", strings.Replace(uploading("b", ops), "X-Karuta-Client: curl\r\n", "", 1)},
		// headers about who asks
		{"two authorizations", "200 UNAUTHORIZED", asking("{me{id}}", "Authorization: Bearer a", "Authorization: Bearer b")},
		{"bearer twice in one", "200 UNAUTHORIZED", asking("{me{id}}", "Authorization: Bearer a, Bearer b")},
		{"basic", "200 UNAUTHORIZED", asking("{me{id}}", "Authorization: Basic YTpi")},
		{"long bearer", "200 INVALID_TOKEN", asking("{me{id}}", "Authorization: Bearer "+strings.Repeat("a", 100_000))},
		{"alg none", "200 INVALID_TOKEN", asking("{me{id}}", "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyX3gifQ.")},
		{"NUL bearer", "200 INVALID_TOKEN", asking("{me{id}}", "Authorization: Bearer a%00b")},
		{"request id injected", "200", line(fine, "X-Request-Id: \"}]}<script>")},
		{"request id long", "200", line(fine, "X-Request-Id: "+strings.Repeat("x", 5000))},
		{"traceparent", "200", line(fine, "Traceparent: 00-zz-zz-01")},
		{"language", "200", line(fine, "Accept-Language: "+strings.Repeat("xx;q=0.1,", 2000))},
		{"origin null", "200", line(fine, "Origin: null")},
		{"origin evil", "200", line(fine, "Origin: https://evil.example")},
		{"origin like ours", "200", line(fine, "Origin: http://localhost:3000.evil.example")},
		{"forwarded", "200", line(fine, "X-Forwarded-For: "+strings.Repeat("1.2.3.4,", 3000), "X-Forwarded-Host: evil", "X-Forwarded-Proto: https", "Forwarded: for=_x")},
		{"range", "200", getting(asksByGet, "Range: bytes=0-3")},
		{"if-none-match", "200", getting(asksByGet, "If-None-Match: *")},
		{"client name", "200", line(fine, "Apollographql-Client-Name: "+strings.Repeat("é", 3000))},
	}
	for _, c := range cases {
		status, a := overTCP(t, web, c.sent)
		if got := strings.TrimSpace(fmt.Sprint(status, " ", a.code())); got != c.want {
			t.Errorf("%s: %s, want %s: %.300s", c.name, got, c.want, a.text)
		}
		if strings.Contains(a.text, "repeat me") || strings.Contains(a.text, "Did you mean") || strings.Contains(a.text, "<") && status != 307 {
			t.Errorf("%s says too much: %.300s", c.name, a.text)
		}
	}
	if log := h.log.String(); strings.Contains(log, "panic") || strings.Contains(log, `"ERROR"`) {
		t.Errorf("%.3000s", log)
	}
}

func exponential() string {
	q := "{me{...f0}}"
	for i := range 30 {
		q += fmt.Sprintf(" fragment f%d on User{...f%d ...f%d}", i, i+1, i+1)
	}
	return q + " fragment f30 on User{id}"
}

func aliased(n int) (s string) {
	for i := range n {
		s += fmt.Sprintf("a%d:__typename ", i)
	}
	return s
}
