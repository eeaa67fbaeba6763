//go:build linux

package supervisor

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/core"
)

// badCards are the mistakes and attacks of the "Bad input: Card". Each
// names the code and reason that its author gets (EXE-2, EXE-6, CD-8).
var badCards = []struct {
	name, code string
	want       core.Code
	reason     string
	check      func(t *testing.T, reply *client.CardReply)
}{
	{"syntax error", "def render(dataset, filters, params):\n    return 'x\n", core.CodeExecution, "syntax", line(2, "return 'x")},
	{"nul byte", "x = 1\x00", core.CodeExecution, "syntax", nil},
	{"no render", "x = 1", core.CodeExecution, "no_render", nil},
	{"empty", "", core.CodeExecution, "no_render", nil},
	{"render is no function", "render = 3", core.CodeExecution, "no_render", nil},
	{"wrong return type", "def render(dataset, filters, params):\n    return dataset", core.CodeExecution, "wrong_type", argument("type", "DataFrame")},
	{"no return", "def render(dataset, filters, params):\n    dataset", core.CodeExecution, "wrong_type", argument("type", "NoneType")},
	{"wrong number of arguments", "def render():\n    return ''", core.CodeExecution, "", message("render() takes 0 positional arguments")},
	{"Japanese exception", "def helper(x):\n    raise ValueError('列「売上」がありません')\ndef render(dataset, filters, params):\n    return helper(1)",
		core.CodeExecution, "", both(line(2, "raise ValueError('列「売上」がありません')"), message("ValueError: 列「売上」がありません"))},
	{"missing column", "def render(dataset, filters, params):\n    a = 1\n    return dataset['無い'].to_html()", core.CodeExecution, "", both(line(3, "return dataset['無い'].to_html()"), message("KeyError"))},
	{"missing library", "import requests\ndef render(dataset, filters, params):\n    return ''", core.CodeExecution, "missing_library", argument("library", "requests")},
	{"exception that cannot be shown", "class E(Exception):\n    def __str__(self): raise self\ndef render(d, f, p):\n    raise E()", core.CodeExecution, "", line(4, "raise E()")},
	{"endless recursion", "def render(d, f, p):\n    return render(d, f, p)", core.CodeExecution, "", message("RecursionError")},
	{"endless loop", "def render(dataset, filters, params):\n    while True: pass", core.CodeExecutionTimeout, "", both(line(2, "while True: pass"), argument("seconds", "3"))},
	{"endless loop at top level", "while True: pass", core.CodeExecutionTimeout, "", argument("seconds", "0.5")},
	{"loop in C", "def render(d, f, p):\n    return str(sum(range(10**14)))", core.CodeExecutionTimeout, "", nil},
	{"sleep", "import time\ndef render(d, f, p):\n    time.sleep(99)", core.CodeExecutionTimeout, "", nil},
	{"ignores signals", "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", core.CodeExecutionTimeout, "", nil},
	{"waits in a thread", "import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()\ndef render(d, f, p):\n    while True: time.sleep(9)", core.CodeExecutionTimeout, "", nil},
	{"3 GB", "def render(d, f, p):\n    return str(len(bytearray(3 << 30)))", core.CodeMemoryLimit, "", nil},
	{"3 GB in numpy", "import numpy as np\ndef render(d, f, p):\n    return str(np.ones(3 << 27).sum())", core.CodeMemoryLimit, "", nil},
	{"3 GB in pieces", "def render(d, f, p):\n    kept = []\n    while True: kept.append(bytearray(8 << 20))", core.CodeMemoryLimit, "", nil},
	{"3 GB in Arrow", "import pyarrow as pa\ndef render(d, f, p):\n    return str(pa.allocate_buffer(3 << 30))", core.CodeMemoryLimit, "", nil},
	{"memory error of its own", "def render(d, f, p):\n    raise MemoryError", core.CodeMemoryLimit, "", nil},
	{"200 MB of HTML", "def render(d, f, p):\n    return 'x' * (200 << 20)", core.CodeExecution, "html_too_large", argument("max", "16 MB")},
	{"just over the limit", "def render(d, f, p):\n    return 'x' * ((16 << 20) + 1)", core.CodeExecution, "html_too_large", nil},
	{"just over the limit in bytes", "def render(d, f, p):\n    return '日' * (6 << 20)", core.CodeExecution, "html_too_large", nil},
	{"fork", "import os\ndef render(d, f, p):\n    while True: os.fork()", core.CodeExecution, "not_allowed", nil},
	{"subprocess", "import subprocess\ndef render(d, f, p):\n    return subprocess.check_output(['id']).decode()", core.CodeExecution, "not_allowed", nil},
	{"exit", "def render(d, f, p):\n    exit()", core.CodeExecution, "exit", line(2, "exit()")},
	{"sys.exit at top level", "import sys\nsys.exit(0)", core.CodeExecution, "exit", line(2, "sys.exit(0)")},
	{"keyboard interrupt", "def render(d, f, p):\n    raise KeyboardInterrupt", core.CodeExecution, "exit", nil},
	{"os._exit", "import os\ndef render(d, f, p):\n    os._exit(0)", core.CodeExecution, "exit", nil},
	{"os._exit with a status", "import os\ndef render(d, f, p):\n    os._exit(99)", core.CodeExecution, "exit", nil},
	{"abort", "import os\ndef render(d, f, p):\n    os.abort()", core.CodeExecution, "crashed", argument("signal", "SIGABRT")},
	{"segmentation fault", "import ctypes\ndef render(d, f, p):\n    ctypes.string_at(1)", core.CodeExecution, "crashed", argument("signal", "SIGSEGV")},
	{"kill parent", "import os, signal\ndef render(d, f, p):\n    os.kill(os.getppid(), signal.SIGKILL)", core.CodeExecution, "not_allowed", nil},
	{"kill all", "import os, signal\ndef render(d, f, p):\n    os.kill(-1, signal.SIGKILL)", core.CodeExecution, "not_allowed", nil},
	{"socket", "import socket\ndef render(d, f, p):\n    socket.socket()", core.CodeExecution, "not_allowed", nil},
	{"url", "import pandas as pd\ndef render(d, f, p):\n    return pd.read_csv('http://127.0.0.1:9/x.csv').to_html()", core.CodeExecution, "not_allowed", nil},
	{"name lookup", "import socket\ndef render(d, f, p):\n    return str(socket.getaddrinfo('localhost', 80))", core.CodeExecution, "not_allowed", nil},
	{"write a file", "def render(d, f, p):\n    d.to_csv('/out.csv')", core.CodeExecution, "not_allowed", nil},
	{"temporary file with a name", "import tempfile\ndef render(d, f, p):\n    tempfile.NamedTemporaryFile()", core.CodeExecution, "not_allowed", nil},
	{"deaf to the alarm", "def render(d, f, p):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass", core.CodeExecutionTimeout, "", nil},
	{"write to a library", "import pandas\ndef render(d, f, p):\n    open(pandas.__file__, 'w')", core.CodeExecution, "not_allowed", noPath()},
	{"read users", "def render(d, f, p):\n    return open('/etc/passwd').read()", core.CodeExecution, "", nil},
	{"bad import shows no path", "from pandas import nothing", core.CodeExecution, "", noPath()},
	{"patched builtins", "import builtins, json, os\ndef render(d, f, p):\n    builtins.len = json.dumps = os.write = None\n    return 'x'", core.CodeExecution, "exit", nil},
	{"closed answer", "import os\ndef render(d, f, p):\n    os.close(3)\n    return 'x'", core.CodeExecution, "exit", nil},
	{"forged answer and bad end", forge(`{"kind":"ok","size":4}`, "evil") + "\n    os._exit(1)", core.CodeExecution, "exit", nil},
	{"forged answer and a crash", forge(`{"kind":"ok","size":4}`, "evil") + "\n    os.abort()", core.CodeExecution, "crashed", nil},
	{"forged answer and timeout", forge(`{"kind":"ok","size":4}`, "evil") + "\n    import signal\n    signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while True: pass", core.CodeExecutionTimeout, "", nil},
	{"forged size", forge(`{"kind":"ok","size":9}`, "evil") + "\n    os._exit(0)", core.CodeExecution, "bad_answer", nil},
	{"forged nonsense", forge(`]`, "") + "\n    return 'x'", core.CodeExecution, "bad_answer", nil},
	{"flood of the answer", "import os\ndef render(d, f, p):\n    while True: os.write(3, b'x' * 65536)", core.CodeExecution, "html_too_large", nil},
	{"write to the data", "import ctypes\ndef render(d, f, p):\n    address = d['amount'].to_numpy().ctypes.data\n    ctypes.memset(address, 0, 8)\n    return 'x'", core.CodeExecution, "crashed", argument("signal", "SIGSEGV")},
}

// forge is a card that writes a record and a body on the answer's descriptor itself.
func forge(record, body string) string {
	return fmt.Sprintf("import os, struct\ndef render(d, f, p):\n    os.write(3, struct.pack('<I', %d) + b'%s' + b'%s')", len(record), record, body)
}

type check = func(t *testing.T, reply *client.CardReply)

func line(number int, text string) check {
	return func(t *testing.T, reply *client.CardReply) {
		if reply.Problem.Traceback == nil {
			t.Fatal("no traceback")
		}
		frames := reply.Problem.Traceback.Frames
		if len(frames) == 0 || frames[len(frames)-1].Line != number || frames[len(frames)-1].Text != text || reply.Problem.Line != int64(number) {
			t.Errorf("frames %+v, want the last at line %d: %s", frames, number, text)
		}
	}
}

func message(text string) check {
	return func(t *testing.T, reply *client.CardReply) {
		if !strings.Contains(reply.Problem.Message, text) || reply.Problem.Traceback.Message != reply.Problem.Message {
			t.Errorf("message %q, want %q", reply.Problem.Message, text)
		}
	}
}

func argument(name, value string) check {
	return func(t *testing.T, reply *client.CardReply) {
		if reply.Problem.Args[name] != value {
			t.Errorf("arguments %v, want %s = %s", reply.Problem.Args, name, value)
		}
	}
}

func noPath() check {
	return func(t *testing.T, reply *client.CardReply) {
		here, err := filepath.Abs(filepath.Join("..", ".."))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(reply.Problem.Message, here) {
			t.Errorf("a path of this machine: %s", reply.Problem.Message)
		}
	}
}

func both(a, b check) check {
	return func(t *testing.T, reply *client.CardReply) { a(t, reply); b(t, reply) }
}

func TestBadCards(t *testing.T) {
	s := shared(t)
	for _, card := range badCards {
		t.Run(card.name, func(t *testing.T) {
			run := Run{Code: card.code, Timeout: time.Minute}
			if card.want == core.CodeExecutionTimeout {
				run.Timeout = 500 * time.Millisecond
			}
			if card.name == "endless loop" { // asked for its line, which a busy machine needs time for
				run.Timeout = 3 * time.Second
			}
			began := time.Now()
			reply := renderRun(t, s, run)
			reason := card.reason
			if card.name == "read users" && s.layers&layerChroot == 0 { // the file is there, and not to be read
				reason = "not_allowed"
			}
			if reply.Problem == nil || reply.Problem.Code != card.want || reply.Problem.Reason != reason {
				t.Fatalf("%+v, want %s %q\nlog %s\nhtml %.80s", reply.Problem, card.want, reason, reply.Log, reply.HTML)
			}
			if reply.HTML != "" {
				t.Errorf("a failed run has HTML: %.80s", reply.HTML)
			}
			if took := time.Since(began); card.want == core.CodeExecutionTimeout && took > run.Timeout+sane {
				t.Errorf("ended after %s", took)
			}
			if card.check != nil {
				card.check(t, reply)
			}
			wantGood(t, s)
		})
	}
}

// Parameters too deep for Python are the author's problem, not ours.
func TestDeepParameters(t *testing.T) {
	deep := json.RawMessage(`{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`)
	reply := renderRun(t, shared(t), Run{Code: "def render(d, f, p):\n    return ''", Params: deep})
	if reply.Problem == nil || reply.Problem.Code != core.CodeExecution {
		t.Errorf("%+v", reply.Problem)
	}
}

// The most that is allowed passes.
func TestAtTheLimit(t *testing.T) {
	reply := render(t, shared(t), "def render(d, f, p):\n    kept = bytearray(600 << 20)\n    return 'x' * (16 << 20)")
	if reply.Problem != nil || len(reply.HTML) != maxHTML {
		t.Fatalf("%+v, %d bytes", reply.Problem, len(reply.HTML))
	}
}

// What a card prints is kept to 64 KiB, and never blocks it.
func TestLogIsCut(t *testing.T) {
	reply := render(t, shared(t), "import sys\ndef render(d, f, p):\n    for _ in range(300): print('あ' * 1000)\n    return 'x'")
	if reply.Problem != nil || len(reply.Log) < 60<<10 || len(reply.Log) > 65<<10 || !strings.HasSuffix(reply.Log, "…") {
		t.Fatalf("%+v, log of %d bytes", reply.Problem, len(reply.Log))
	}
}

// What was printed before a run was ended is kept: it says how far the loop came.
func TestLogOfAnEndedRun(t *testing.T) {
	reply := renderRun(t, shared(t), Run{Code: "import time\nprint('before')\ntime.sleep(60)", Timeout: 3 * time.Second})
	if reply.Log != "before\n" || reply.RowsIn != 4 {
		t.Errorf("%+v", reply)
	}
}

// EXE-3: what a card finds of the machine around it: nothing.
func TestNothingOfTheMachineIsSeen(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	s := shared(t)
	for _, attack := range []string{
		"return open(%q).read()", "return str(__import__('os').listdir(%q))", "return open('/proc/self/environ').read()",
		"return open('/proc/1/cmdline').read()", "return str(__import__('os').environ['PATH'])",
		"return open('/proc/self/maps').read()", "return str(__import__('os').listdir('/proc'))",
		"return ().__class__.__base__.__subclasses__() and __import__('os').popen('id').read()",
	} {
		if strings.Contains(attack, "%q") {
			attack = fmt.Sprintf(attack, secret)
		}
		if reply := render(t, s, "def render(d, f, p):\n    "+attack); reply.Problem == nil {
			t.Errorf("%s: %.200s", attack, reply.HTML)
		}
	}
}
