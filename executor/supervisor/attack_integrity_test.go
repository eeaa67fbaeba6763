//go:build linux

package supervisor

import (
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
)

// integrityAttacks try to make a run look like what it is not, and to reach the
// system by the ways around Python's names.
var integrityAttacks = []attack{
	{items: []int{88}, name: "forged answer, which is its own page and no more", want: "HTML", check: html("evil"), code: forge(`{"kind":"ok","size":4}`, "evil") + "\n    os._exit(0)"},
	{items: []int{88}, name: "forged answer and bad end", want: "EXECUTION_ERROR exit", code: forge(`{"kind":"ok","size":4}`, "evil") + "\n    os._exit(1)"},
	{items: []int{88}, name: "forged answer and the real one", want: "EXECUTION_ERROR bad_answer", code: forge(`{"kind":"ok","size":4}`, "evil") + "\n    return 'x'"},
	{items: []int{88}, name: "forged memory", want: hungry, code: forge(`{"kind":"memory"}`, "") + "\n    os._exit(0)"},
	{items: []int{88}, name: "forged rights", want: "EXECUTION_ERROR bad_answer", code: forge(`{"kind":"ok","size":4,"admin":true}`, "evil") + "\n    os._exit(0)"},
	{items: []int{88}, name: "columns that are not there", want: "HTML", check: noColumns, code: forge(`{"kind":"ok","size":4,"used_columns":["salary"]}`, "evil") + "\n    os._exit(0)"},
	{items: []int{88}, name: "text that is none", want: "EXECUTION_ERROR bad_answer", code: forge(`{"kind":"ok","size":2}`, `\xff\xfe`) + "\n    os._exit(0)"},
	{items: []int{89}, name: "no JSON", want: "EXECUTION_ERROR bad_answer", code: forge(`]`, "") + "\n    return 'x'"},
	{items: []int{89}, name: "deep JSON", want: "EXECUTION_ERROR bad_answer", code: "import os, struct\ndef render(d, f, p):\n    os.write(3, struct.pack('<I', 200000) + b'[' * 200000)\n    os._exit(0)"},
	{items: []int{89}, name: "record of 4 GB", want: "EXECUTION_ERROR bad_answer", code: "import os\ndef render(d, f, p):\n    os.write(3, b'\\xff' * 4)\n    os._exit(0)"},
	{items: []int{89}, name: "record of two MB", want: "EXECUTION_ERROR bad_answer", code: "import os, struct\ndef render(d, f, p):\n    os.write(3, struct.pack('<I', 2 << 20) + b'x' * (2 << 20))\n    os._exit(0)"},
	{items: []int{89}, name: "numbers that fit nowhere", want: "EXECUTION_ERROR bad_answer", code: forge(`{"kind":"ok","size":1e400}`, "") + "\n    os._exit(0)"},
	{items: []int{89}, name: "size below nothing", want: "EXECUTION_ERROR bad_answer", code: forge(`{"kind":"ok","size":-4}`, "evil") + "\n    os._exit(0)"},
	{items: []int{91}, name: "end without an answer", want: "EXECUTION_ERROR exit", code: "import os\ndef render(d, f, p): os._exit(0)"},
	{items: []int{91}, name: "end that looks like a failed sandbox", want: "EXECUTION_ERROR exit", code: "import os\ndef render(d, f, p): os._exit(99)"},
	{items: []int{92}, name: "crash", want: "EXECUTION_ERROR crashed SIGSEGV", code: "import ctypes\ndef render(d, f, p): ctypes.string_at(1)"},
	{items: []int{92}, name: "abort", want: "EXECUTION_ERROR crashed SIGABRT", code: "import os\ndef render(d, f, p): os.abort()"},
	{items: []int{92}, name: "signal of a bad call", want: "EXECUTION_ERROR crashed SIGSYS", code: "import signal, threading\ndef render(d, f, p): signal.pthread_kill(threading.get_ident(), signal.SIGSYS)"},
	{items: []int{92}, name: "kill itself, which looks like the kernel short of memory", want: hungry, code: "import signal, threading\ndef render(d, f, p): signal.pthread_kill(threading.get_ident(), signal.SIGKILL)"},
	{items: []int{92}, name: "signal of spent processor time", want: late, code: "import signal, threading, time\ndef render(d, f, p):\n    signal.pthread_kill(threading.get_ident(), signal.SIGXCPU)\n    time.sleep(9)"},
	{items: []int{93}, name: "sys.exit", want: "EXECUTION_ERROR exit", code: "import sys\ndef render(d, f, p): sys.exit(0)"},
	{items: []int{93}, name: "exit at the top", want: "EXECUTION_ERROR exit", code: "raise SystemExit\ndef render(d, f, p): return 'x'"},
	{items: []int{94}, name: "broken builtins", want: "EXECUTION_ERROR exit", code: "import builtins, json, os\ndef render(d, f, p):\n    builtins.len = json.dumps = os.write = None\n    return 'x'"},
	{items: []int{94}, name: "len that never ends", want: late, code: "import builtins\ndef forever(_):\n    while True: pass\ndef render(d, f, p):\n    builtins.len = forever\n    return 'x'"},
	{items: []int{94}, name: "libraries broken for the next", want: "HTML", code: "import pandas, sys\ndef render(d, f, p):\n    pandas.DataFrame.groupby = pandas.DataFrame.to_html = None\n    sys.modules.pop('json')\n    return 'x'"},
	{items: []int{94}, name: "runner broken", want: "EXECUTION_ERROR|EXECUTION_ERROR exit", code: "import sys\ndef render(d, f, p):\n    for name, module in list(sys.modules.items()):\n        if name.startswith('karuta_guest'): module.__dict__.clear()\n    return 'x'"},
	{items: []int{95}, name: "pickle as an answer", want: "EXECUTION_ERROR wrong_type", code: "import pickle\ndef render(d, f, p): return pickle.dumps(d)"},
	{items: []int{95}, name: "answer that would unpickle to a command", want: "EXECUTION_ERROR wrong_type", code: "import os\nclass Evil:\n    def __reduce__(self): return os.system, ('id',)\ndef render(d, f, p): return Evil()"},
	{items: []int{96}, name: "object that claims to be text", want: "HTML", check: html("<b>mine</b>"), code: "class Liar:\n    __class__ = str\n    def __len__(self): return 1\n    def encode(self, *a): return b'<b>mine</b>'\ndef render(d, f, p): return Liar()"},
	{items: []int{96}, name: "text that lies about its length", want: "EXECUTION_ERROR bad_answer", code: "class Bytes(bytes):\n    def __len__(self): return 1\nclass Text(str):\n    def encode(self, *a): return Bytes(b'x' * 100)\ndef render(d, f, p): return Text('x')"},
	{items: []int{96}, name: "text that is more than allowed", want: "EXECUTION_ERROR html_too_large|EXECUTION_ERROR bad_answer", code: "class Bytes(bytes):\n    def __len__(self): return 1\nclass Text(str):\n    def encode(self, *a): return Bytes(b'x' * (40 << 20))\ndef render(d, f, p): return Text('x')"},
	{items: []int{96}, name: "exception that cannot be shown", want: "EXECUTION_ERROR", code: "class E(Exception):\n    def __str__(self): raise self\n    __repr__ = __str__\ndef render(d, f, p): raise E()"},
	{items: []int{96}, name: "exception with a name of a MB", want: "EXECUTION_ERROR", check: shortMessage, code: "def render(d, f, p): raise type('E' * (1 << 20), (Exception,), {})('x' * (1 << 20))"},
	{items: []int{96}, name: "exception that claims to be out of time", want: "EXECUTION_ERROR|EXECUTION_TIMEOUT", code: "import sys\ndef render(d, f, p):\n    raise sys.modules['karuta_guest.card'].TooLate"},
	{items: []int{97}, name: "forged answer and no end", want: late, code: forge(`{"kind":"ok","size":4}`, "evil") + "\n    import signal\n    signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while True: pass"},
	{items: []int{97}, name: "forged answer and a crash", want: "EXECUTION_ERROR crashed SIGABRT", code: forge(`{"kind":"ok","size":4}`, "evil") + "\n    os.abort()"},
	{items: []int{97}, name: "forged answer and too much memory", want: "EXECUTION_ERROR bad_answer", code: forge(`{"kind":"ok","size":4}`, "evil") + "\n    raise MemoryError"},
	{items: []int{100}, name: "subclasses of everything", want: "got 32512", code: "found = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close']\nreturn found[0].__init__.__globals__['system']('id')"},
	{items: []int{100}, name: "format string", want: "got True", code: "class Thing:\n    def __init__(self): pass\nreturn 'ATTACKS' in '{0.__init__.__globals__}'.format(Thing())"},
	{items: []int{100}, name: "frame of a generator", want: "got 32512", code: "generator = (None for _ in ())\nreturn generator.gi_frame.f_builtins['__import__']('os').system('id')"},
	{items: []int{100}, name: "importlib", want: eperm, code: "import importlib\nreturn importlib.import_module('os').fork()"},
	{items: []int{100}, name: "fresh copy of a module", want: eperm, code: "sys.modules.pop('subprocess', None)\nimport subprocess\nreturn subprocess.check_output(['id'])"},
	{items: []int{100}, name: "pickle", want: "got 32512", code: "import pickle\nreturn pickle.loads(b\"cposix\\nsystem\\n(S'id'\\ntR.\")"},
	{items: []int{100}, name: "ctypes", want: eperm, code: "checked(C.execv(b'/bin/python3.11', (ctypes.c_char_p * 2)(b'python', None)))"},
	{items: []int{100}, name: "library with machine code of its own", want: "got refused", code: "try: ctypes.CDLL('/lib/evil.so')\nexcept OSError: return 'refused'"},
	{items: []int{100}, name: "eval of pandas", want: "got 32512", code: "import pandas\nreturn pandas.io.common.os.system('id')"},
}

func html(want string) check {
	return func(t *testing.T, reply *client.CardReply) {
		if reply.HTML != want {
			t.Errorf("%.80s, want %s", reply.HTML, want)
		}
	}
}

func noColumns(t *testing.T, reply *client.CardReply) {
	if len(reply.UsedColumns) > 0 {
		t.Errorf("used %v", reply.UsedColumns)
	}
}

func shortMessage(t *testing.T, reply *client.CardReply) {
	if n := len(reply.Problem.Message); n > maxMessage+10 || strings.Count(reply.Problem.Message, "E") > maxMessage {
		t.Errorf("a message of %d bytes", n)
	}
}
