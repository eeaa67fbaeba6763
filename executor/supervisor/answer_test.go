//go:build linux

package supervisor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/karuta-bi/karuta/internal/core"
)

func said(records ...string) []byte {
	var out []byte
	for _, r := range records {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(r)))
		out = append(out, r...)
	}
	return out
}

const started = `{"kind":"started","rows":3,"read_ms":1.5}`

func TestParseAnswer(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		html string
		bad  bool
	}{
		{"nothing", nil, "", false},
		{"started only", said(started), "", false},
		{"ok", append(said(started, `{"kind":"ok","size":3}`), "日"...), "日", false},
		{"ok without a start", append(said(`{"kind":"ok","size":1}`), 'x'), "", true},
		{"started twice", said(started, started), "", true},
		{"more after an error", said(started, `{"kind":"error"}`, `{"kind":"error"}`), "", true},
		{"too little HTML", append(said(started, `{"kind":"ok","size":2}`), 'x'), "", true},
		{"too much HTML", append(said(started, `{"kind":"ok","size":1}`), "xy"...), "", true},
		{"no UTF-8", append(said(started, `{"kind":"ok","size":1}`), 0xff), "", true},
		{"unknown kind", said(`{"kind":"root"}`), "", true},
		{"unknown field", said(`{"kind":"started","admin":true}`), "", true},
		{"two values", said(`{"kind":"started"}{}`), "", true},
		{"no JSON", said(`]`), "", true},
		{"wrong type", said(`{"kind":"started","rows":"many"}`), "", true},
		{"deep", said(strings.Repeat("[", 100_000)), "", true},
		{"half a length", []byte{1, 0}, "", true},
		{"length without record", []byte{255, 255, 255, 255}, "", true},
		{"record too long", said(`{"kind":"` + strings.Repeat("x", maxRecord) + `"}`), "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := parseAnswer(c.data)
			if (err != nil) != c.bad || a.html != c.html {
				t.Errorf("%q, %v", a.html, err)
			}
			if err != nil && !errors.Is(err, errBadAnswer) {
				t.Errorf("%v is not errBadAnswer", err)
			}
		})
	}
}

// Whatever bytes a run sends, and however it ended: no panic, HTML only after a
// clean end, and texts within their bounds.
func TestHostileAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.OneOf(
			rapid.Just(said(started)), rapid.Just(said(`{"kind":"ok","size":2}`)), rapid.Just([]byte("hi")),
			rapid.Just(said(`{"kind":"error","reason":"wrong_type","detail":"`+strings.Repeat("日", 300)+`"}`)),
			rapid.Just(said(`{"kind":"error","message":"`+strings.Repeat("日", 9000)+`","frames":[{"line":-1,"function":"f","text":"t"}]}`)),
			rapid.Just(said(`{"kind":"memory"}`)), rapid.SliceOf(rapid.Byte()),
		)).Draw(t, "parts")
		end := ending{
			verdict: verdict(rapid.IntRange(0, 4).Draw(t, "verdict")),
			exit:    rapid.SampledFrom(exits).Draw(t, "exit"),
			answer:  output{bytes: slices.Concat(parts...)},
		}
		wantSoundReply(t, end)
	})
}

var exits = []exit{{}, {code: 1}, {code: 99}, {signal: "SIGKILL"}, {signal: "SIGSEGV"}, {signal: "SIGXCPU"}}

// FuzzAnswer: the same of bytes that were found to reach more of the code.
func FuzzAnswer(f *testing.F) {
	for _, answer := range [][]byte{
		nil, said(started), append(said(started, `{"kind":"ok","size":3}`), "日"...), said(started, `{"kind":"error","reason":"wrong_type","detail":"x","frames":[{"line":-1}]}`),
		said(started, `{"kind":"table","size":9}`), said(`{"kind":"memory"}`), said(started, `{"kind":"error","message":"`+strings.Repeat("日", 300)+`"}`),
	} {
		f.Add(answer, byte(0), byte(0))
		f.Add(answer, byte(1), byte(3))
	}
	f.Fuzz(func(t *testing.T, content []byte, why, how byte) {
		end := ending{verdict: verdict(why % 5), exit: exits[int(how)%len(exits)], answer: output{bytes: content}}
		wantSoundReply(t, end)
		table, err := end.table(bounds{memoryMB: 1}, "run", "/prefix")
		if err == nil && table.Problem == nil && (end.exit != exit{} || end.verdict != verdictNone || table.Bytes <= 0 || table.Bytes > maxTable) {
			t.Fatalf("%+v after %+v", table, end)
		}
	})
}

func wantSoundReply(t rapid.TB, end ending) {
	t.Helper()
	reply, err := end.reply(Run{}, bounds{memoryMB: 1}, "/prefix")
	if err != nil {
		return
	}
	if clean := end.verdict == verdictNone && end.exit == (exit{}); !clean && (reply.Problem == nil || reply.HTML != "") {
		t.Fatalf("%+v after %+v", reply, end)
	}
	if p := reply.Problem; p != nil {
		if len(p.Message) > maxMessage+3 || len(p.Code) == 0 || p.Traceback != nil && len(p.Traceback.Frames) > maxFrames {
			t.Fatalf("%+v", p)
		}
		if typ, ok := p.Args["type"].(string); ok && len(typ) > maxDetail+3 {
			t.Fatalf("type of %d bytes", len(typ))
		}
	}
}

func TestUsedColumns(t *testing.T) {
	columns := []core.Column{{Name: "a"}, {Name: "b"}}
	for _, c := range []struct{ said, want []string }{
		{nil, []string{"a", "b"}}, {[]string{}, []string{}}, {[]string{"b", "x", "b"}, []string{"b"}},
	} {
		if got := usedColumns(c.said, columns); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v", c.said, got)
		}
	}
}

// A run that never got into its sandbox is our failure, not the author's.
func TestSandboxFailureIsNotTheAuthors(t *testing.T) {
	for _, end := range []ending{{exit: exit{code: 99}}, {}} {
		if reply, err := end.reply(Run{}, bounds{}, "/prefix"); err == nil {
			t.Errorf("%+v", reply)
		}
	}
}

func TestReadersKeepTheirLimits(t *testing.T) {
	if out := readAnswer(strings.NewReader("abcd"), 3); !out.over || len(out.bytes) > 4 {
		t.Errorf("%+v", out)
	}
	if out := readAnswer(strings.NewReader("abc"), 3); out.over {
		t.Errorf("%+v", out)
	}
	rest := bytes.NewBufferString("abcd")
	if out := readLog(rest, 3); !out.over || string(out.bytes) != "abc" || rest.Len() != 0 {
		t.Errorf("%+v, %d left", out, rest.Len())
	}
}
