//go:build linux

package supervisor

import (
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/executor/client"
)

const (
	late   = "EXECUTION_TIMEOUT"
	hungry = "MEMORY_LIMIT"
	eperm  = "EPERM"
)

// resourceAttacks try to take time, memory, processes, descriptors or disk.
var resourceAttacks = []attack{
	{items: []int{1}, name: "endless loop", want: late, code: "while True: pass"},
	{items: []int{2}, name: "loop in C that holds the interpreter", want: late, code: "def render(d, f, p): return str(sum(range(10**14)))"},
	{items: []int{3}, name: "regular expression that never ends", want: late, code: "import re\ndef render(d, f, p): return str(re.match(r'(a+)+$', 'a' * 60 + 'b'))"},
	{items: []int{4}, name: "sleep", want: late, code: "import time\ndef render(d, f, p): time.sleep(99)"},
	{items: []int{5}, name: "loop that ignores every signal", want: late, code: `
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
def render(d, f, p):
    while True: pass`},
	{items: []int{6}, name: "8 GiB at once", want: "MemoryError", code: "bytearray(8 << 30)"},
	{items: []int{7}, name: "slow growth", want: hungry, code: "def render(d, f, p):\n    kept = []\n    while True: kept.append(bytearray(b'x') * (4 << 20))"},
	{items: []int{8}, name: "3 GiB in numpy", want: "MemoryError", code: "import numpy\nnumpy.ones(3 << 27)"},
	{items: []int{8}, name: "3 GiB in Arrow", want: "MemoryError", code: "import pyarrow\npyarrow.allocate_buffer(3 << 30)"},
	{items: []int{9}, name: "8 GiB of shared memory", want: eperm, code: "mmap.mmap(-1, 8 << 30, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)"},
	{items: []int{9}, name: "8 GiB of private memory", want: "ENOMEM", code: "mmap.mmap(-1, 8 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)"},
	{items: []int{9}, name: "address space without memory", want: "ENOMEM", code: "mmap.mmap(-1, 4 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, mmap.PROT_READ)"},
	{items: []int{10}, name: "many small objects", want: hungry, code: "def render(d, f, p):\n    kept = []\n    while True: kept.append([len(kept)])"},
	{items: []int{11}, name: "deep recursion", want: "RecursionError", code: "def deeper(): return deeper()\ndeeper()"},
	{items: []int{11}, name: "recursion without a limit", want: hungry + "|EXECUTION_ERROR crashed SIGSEGV", code: `
import sys
def deeper(n): return [deeper(n + 1) for _ in sorted([1], key=deeper)]
def render(d, f, p):
    sys.setrecursionlimit(10**9)
    return str(deeper(0))`},
	{items: []int{12}, name: "just under the limit", want: "HTML", code: "def render(d, f, p):\n    kept = bytearray(b'x') * (200 << 20)\n    return str(len(kept))"},
	{items: []int{13}, name: "fork", want: eperm, code: "if os.fork() == 0: os._exit(0)"},
	{items: []int{14}, name: "fork bomb", want: "got 0", code: `
forks = 0
for _ in range(20000):
    try: pid = os.fork()
    except OSError: continue
    if pid == 0: os._exit(0)
    forks += 1
return forks`},
	{items: []int{15}, name: "raw clone of a process", want: eperm, code: "if call('clone', int(signal.SIGCHLD)) == 0: os._exit(0)"},
	{items: []int{15}, name: "raw clone with namespaces", want: eperm, code: "if call('clone', int(signal.SIGCHLD) | 0x7e020000) == 0: os._exit(0)"},
	{items: []int{15}, name: "raw clone3", want: "ENOSYS", code: "call('clone3', struct.pack('<11Q', 0, 0, 0, 0, int(signal.SIGCHLD), 0, 0, 0, 0, 0, 0), 88)"},
	{items: []int{15}, name: "raw fork", want: eperm, code: "if call('fork') == 0: os._exit(0)"},
	{items: []int{16}, name: "thread bomb", want: "HTML", code: `
import threading
def render(d, f, p):
    stop, threads = threading.Event(), []
    try:
        while len(threads) < 2000:
            thread = threading.Thread(target=stop.wait)
            thread.start()
            threads.append(thread)
    except (RuntimeError, MemoryError): pass
    stop.set()
    assert len(threads) < 256, len(threads)
    return str(len(threads))`},
	{items: []int{17}, name: "thread pool, which is allowed", want: "got [1, 4, 9]", code: "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as pool: return list(pool.map(lambda x: x * x, [1, 2, 3]))"},
	{items: []int{18}, name: "all descriptors", want: "got 124", code: `
taken = []
try:
    while len(taken) < 5000: taken.append(os.dup(0))
except OSError as error: assert error.errno == errno.EMFILE
for descriptor in taken: os.close(descriptor)
return len(taken)`},
	{items: []int{19}, name: "pipe", want: eperm, code: "os.pipe()"},
	{items: []int{19}, name: "bigger pipe of the answer", want: eperm, code: "import fcntl\nfcntl.fcntl(3, 1031, 1 << 20)"},
	{items: []int{19}, name: "bigger pipe of the log", want: eperm, code: "import fcntl\nfcntl.fcntl(1, 1031, 1 << 20)"},
	{items: []int{20}, name: "flood of printing", want: "HTML", check: shortLog, code: "def render(d, f, p):\n    for _ in range(3000): print('あ' * 1000)\n    return 'x'"},
	{items: []int{21}, name: "raw flood of the log", want: "HTML", check: shortLog, code: "import os\ndef render(d, f, p):\n    for _ in range(500): os.write(2, bytes(65536))\n    return 'x'"},
	{items: []int{22}, name: "flood of the answer", want: "EXECUTION_ERROR html_too_large", code: "import os\ndef render(d, f, p):\n    while True: os.write(3, b'x' * 65536)"},
	{items: []int{23}, name: "100 MB of HTML", want: "EXECUTION_ERROR html_too_large", code: "def render(d, f, p): return 'x' * (100 << 20)"},
	{items: []int{24}, name: "big file", want: eperm, code: "open('/tmp/big', 'wb').write(bytes(1 << 20))"},
	{items: []int{25}, name: "many files", want: "got 0", code: `
made = 0
for number in range(1000):
    try: made += bool(os.open(f'/tmp/{number}', os.O_CREAT | os.O_WRONLY))
    except OSError: pass
return made`},
	{items: []int{26}, name: "deep folders", want: eperm, code: "os.mkdir('/tmp/x')"},
	{items: []int{27}, name: "file with a hole", want: eperm, code: "os.truncate(sys.modules['pandas'].__file__, 1 << 40)"},
	{items: []int{27}, name: "room for a file", want: eperm, code: "os.posix_fallocate(3, 0, 1 << 30)"},
	{items: []int{28}, name: "gzip bomb", want: hungry, code: "import gzip\ndef render(d, f, p): return gzip.decompress(gzip.compress(bytes(16 << 20)) * 256).decode()"},
	{items: []int{28}, name: "Parquet bomb", want: hungry, code: `
import io, numpy, pyarrow, pyarrow.parquet as parquet
def render(d, f, p):
    out, part = io.BytesIO(), pyarrow.table({'x': numpy.zeros(2 << 20)})
    with parquet.ParquetWriter(out, part.schema) as writer:
        for _ in range(32): writer.write_table(part)
    return str(parquet.read_table(io.BytesIO(out.getvalue()), use_threads=False))`},
	{items: []int{29}, name: "join of everything with everything", want: hungry, code: "import pandas\ndef render(d, f, p):\n    frame = pandas.DataFrame({'x': range(20000)})\n    return str(frame.merge(frame, how='cross'))"},
	{items: []int{29}, name: "explode", want: hungry, code: "import pandas\ndef render(d, f, p): return str(pandas.DataFrame({'x': [list(range(1000))] * 100_000}).explode('x'))"},
	{items: []int{30}, name: "higher priority", want: eperm, code: "os.setpriority(os.PRIO_PROCESS, 0, -5)"},
	{items: []int{30}, name: "real time scheduling", want: eperm, code: "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"},
	{items: []int{30}, name: "choice of processors", want: eperm, code: "os.sched_setaffinity(0, {0})"},
}

func shortLog(t *testing.T, reply *client.CardReply) {
	if len(reply.Log) > maxLog+10 || !strings.HasSuffix(reply.Log, "…") {
		t.Errorf("log of %d bytes", len(reply.Log))
	}
}
