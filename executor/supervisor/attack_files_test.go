//go:build linux

package supervisor

import (
	"testing"
)

// Where the Python folder is the whole file system, nothing else is there; with
// Landlock it is there and cannot be opened. Where both hold, Landlock also closes
// the root folder itself.
const (
	absent = "ENOENT"
	closed = "EACCES"
)

// fileAttacks try to read what is not theirs, to write anything, and to find
// what an earlier run or the supervisor had.
var fileAttacks = []attack{
	{items: []int{62}, name: "users", want: absent, user: closed, code: "return open('/etc/passwd').read()"},
	{items: []int{62}, name: "passwords", want: absent, user: closed, code: "return open('/etc/shadow').read()"},
	{items: []int{63}, name: "file that everybody may read", want: absent, user: closed, code: "return open(P['secret']).read()"},
	{items: []int{63}, name: "settings", want: absent, user: closed, code: "return open(P['dir'] + '/.env').read()"},
	{items: []int{63}, name: "database", want: absent, user: closed, code: "import sqlite3\nreturn open(P['dir'] + '/karuta.db', 'rb').read()"},
	{items: []int{63}, name: "database by SQLite", want: "OperationalError", code: "import sqlite3\nreturn sqlite3.connect('file:' + P['dir'] + '/karuta.db?mode=ro', uri=True).execute('select 1').fetchall()"},
	{items: []int{63}, name: "other data", want: "FileNotFoundError", user: "EACCES|PermissionError", code: "import pyarrow.parquet as parquet\nreturn parquet.read_table(P['dir'] + '/objects/part-0.parquet')"},
	{items: []int{64}, name: "environment of the first process", want: absent, user: closed, code: "return open('/proc/1/environ').read()"},
	{items: []int{65}, name: "own environment", want: absent, user: closed, code: "return open('/proc/self/environ').read()"},
	{items: []int{65}, name: "own memory map", want: absent, user: closed, code: "return open('/proc/self/maps').read()"},
	{items: []int{65}, name: "own memory", want: absent, user: closed, code: "return open('/proc/self/mem', 'rb').read(1)"},
	{items: []int{65}, name: "own descriptors", want: absent, user: closed, code: "return os.listdir('/proc/self/fd')"},
	{items: []int{65}, name: "own root", want: absent, user: closed, code: "return os.listdir('/proc/self/root/')"},
	{items: []int{65}, name: "own folder", want: absent, user: closed, code: "return os.listdir('/proc/self/cwd/')"},
	{items: []int{66}, name: "memory of the parent", want: absent, user: closed, code: "return open(f'/proc/{os.getppid()}/mem', 'rb').read(1)"},
	{items: []int{66}, name: "environment of the parent", want: absent, user: closed, code: "return open(f'/proc/{os.getppid()}/environ').read()"},
	{items: []int{67}, name: "list the root", want: "got the Python folder|EACCES", user: closed, code: "names = os.listdir('/')\nreturn 'the Python folder' if 'lib' in names and 'etc' not in names and 'proc' not in names else names"},
	{items: []int{67}, name: "list temporary files", want: "got the folder of the runs|ENOENT|EACCES", user: closed, code: "names = os.listdir('/tmp')\nreturn names if os.path.basename(P['dir']) in names else 'the folder of the runs'"},
	{items: []int{67}, name: "list what everybody may list", want: absent, user: closed, code: "return os.listdir(P['dir'])"},
	{items: []int{68}, name: "memory of a run beside", sibling: true, want: absent, user: closed, code: "return open(f\"/proc/{P['sibling']}/mem\", 'rb').read(1)"},
	{items: []int{68}, name: "environment of a run beside", sibling: true, want: absent, user: closed, code: "return open(f\"/proc/{P['sibling']}/environ\").read()"},
	{items: []int{68}, name: "signal to a run beside", sibling: true, want: eperm, code: "os.kill(P['sibling'], 0)"},
	{items: []int{68}, name: "signal to a thread beside", sibling: true, want: eperm, code: "call('tgkill', P['sibling'], P['sibling'], 0)"},
	{items: []int{68}, name: "read a run beside", sibling: true, want: eperm, code: "call('process_vm_readv', P['sibling'], bytes(16), 1, bytes(16), 1)"},
	{items: []int{68}, name: "trace a run beside", sibling: true, want: eperm, code: "call('ptrace', 16, P['sibling'])"},
	{items: []int{70}, name: "descriptors of a run beside", sibling: true, want: absent, user: closed, code: "return os.listdir(f\"/proc/{P['sibling']}/fd\")"},
	{items: []int{70}, name: "data of a run beside", sibling: true, want: absent, user: closed, code: "return os.listdir(f\"/proc/{P['sibling']}/map_files\")"},
	{items: []int{68, 84}, name: "what a run beside keeps", sibling: true, want: "got False", code: "return any(holds_canary(*region) for region in memory())"},
	{items: []int{69}, name: "file that stays for the next run", want: eperm, code: "return open('/tmp/left', 'w')"},
	{items: []int{69}, name: "temporary file with a name", want: eperm, code: "import tempfile\nreturn tempfile.NamedTemporaryFile()"},
	{items: []int{69}, name: "temporary folder", want: eperm, code: "import tempfile\nreturn tempfile.mkdtemp()"},
	{items: []int{71}, name: "write to the data", want: "EXECUTION_ERROR crashed SIGSEGV", code: "import ctypes\ndef render(d, f, p):\n    ctypes.memset(d['amount'].to_numpy().ctypes.data, 0, 8)\n    return 'x'"},
	{items: []int{71}, name: "make the data writable", want: closed, code: "checked(C.mprotect(ctypes.c_void_p(dataset['amount'].to_numpy().ctypes.data & -PAGE), PAGE, 3))"},
	{items: []int{72}, name: "write to a library", want: eperm, code: "import pandas\nreturn open(pandas.__file__, 'a')"},
	{items: []int{72}, name: "poisoned byte code", want: eperm, code: "import py_compile, pandas\nreturn py_compile.compile(pandas.__file__, doraise=True)"},
	{items: []int{72}, name: "new module", want: eperm, code: "import sys\nreturn os.open(sys.path[-1] + '/evil.py', os.O_CREAT | os.O_WRONLY)"},
	{items: []int{72}, name: "delete a library", want: eperm, code: "import pandas\nos.unlink(pandas.__file__)"},
	{items: []int{72}, name: "truncate a library", want: eperm, code: "import pandas\nos.truncate(pandas.__file__, 0)"},
	{items: []int{73}, name: "file in shared memory", want: eperm, code: "return open('/dev/shm/x', 'w')"},
	{items: []int{73}, name: "shared memory", want: eperm, code: "from multiprocessing import shared_memory\nreturn shared_memory.SharedMemory(create=True, size=10)"},
	{items: []int{73}, name: "semaphore", want: eperm, code: "import multiprocessing\nreturn multiprocessing.get_context('fork').Semaphore()"},
	{items: []int{74}, name: "symbolic link", want: eperm, code: "os.symlink('/etc/passwd', '/tmp/x')"},
	{items: []int{75}, name: "hard link", want: eperm, code: "import pandas\nos.link(pandas.__file__, '/tmp/x')"},
	{items: []int{76}, name: "rename", want: eperm, code: "import pandas\nos.rename(pandas.__file__, '/tmp/x')"},
	{items: []int{76}, name: "exchange", want: eperm, code: "call('renameat2', -100, b'/lib', -100, b'/share', 2)"},
	{items: []int{77}, name: "named pipe", want: eperm, code: "os.mkfifo('/tmp/x')"},
	{items: []int{77}, name: "device", want: eperm, code: "os.mknod('/tmp/x', 0o20666, os.makedev(1, 1))"},
	{items: []int{78}, name: "mode", want: eperm, code: "os.chmod('/lib', 0o777)"},
	{items: []int{78}, name: "mode of a descriptor", want: eperm, code: "os.fchmod(3, 0o6777)"},
	{items: []int{78}, name: "owner", want: eperm, code: "os.chown('/lib', 0, 0)"},
	{items: []int{78}, name: "attributes", want: eperm, code: "os.setxattr('/lib', 'user.x', b'x')"},
	{items: []int{78}, name: "times", want: eperm, code: "os.utime('/lib')"},
	{items: []int{79}, name: "up from what was inherited", want: "got []", code: `
def opened(number):
    try: return bool(os.open('..', os.O_RDONLY | os.O_DIRECTORY, dir_fd=number))
    except OSError: return False
return [number for number in range(128) if opened(number)]`},
	{items: []int{79}, name: "up from the root", want: "ENOENT|EACCES", user: closed, code: "root = os.open('/lib/..', os.O_RDONLY | os.O_DIRECTORY)\nreturn os.open('../../../../etc/passwd', os.O_RDONLY, dir_fd=root)"},
	{items: []int{80}, name: "second change of the root", want: eperm, code: "os.chroot('/lib')"},
	{items: []int{80}, name: "break out of the root", want: eperm, code: "os.mkdir('/tmp/x')\nos.chroot('/tmp/x')\nos.chdir('../../../../..')"},
	{items: []int{80}, name: "change of folder", want: eperm, code: "os.chdir('/lib')"},
	{items: []int{81}, name: "open by handle", want: eperm, code: "call('open_by_handle_at', 0, bytes(64))"},
	{items: []int{81}, name: "handle of a file", want: eperm, code: "call('name_to_handle_at', -100, b'/', bytes(64), bytes(8))"},
	{items: []int{81}, name: "open with rules", want: eperm, code: "call('openat2', -100, b'/', bytes(24), 24)"},
	{items: []int{82}, name: "whether files are there", want: "got [False, False]", user: "got [True, True]", code: "return [os.path.exists(P['secret']), os.path.exists('/etc/passwd')]"},
	{items: []int{82}, name: "size of a file", want: absent, user: "got True", code: "return os.stat(P['secret']).st_size > 0"},
	{items: []int{82}, name: "room on a disk", want: eperm, code: "return os.statvfs('/')"},
	{items: []int{83}, name: "environment", want: "got {}", code: "return dict(os.environ)"},
	{items: []int{83}, name: "environment behind Python", want: "got None", code: "return C.getenv(b'KARUTA_CANARY') or C.getenv(b'PATH') or None"},
	{items: []int{85}, name: "descriptors that the frames above know", want: "EBADF", code: `
frame = sys._getframe()
while 'sandbox' not in frame.f_locals: frame = frame.f_back
os.fstat(frame.f_locals['sandbox'].root)`},
	{items: []int{85}, name: "order that the frames above know", want: "got ['code', 'filters', 'given', 'params']", code: `
frame = sys._getframe()
while 'order' not in frame.f_locals: frame = frame.f_back
return sorted(frame.f_locals['order'])`},
	{items: []int{85}, name: "sandbox that the frames above know", want: eperm, code: `
frame = sys._getframe()
while 'sandbox' not in frame.f_locals: frame = frame.f_back
frame.f_locals['sandbox'].enter(frame.f_locals['job'], 3)`},
}

// A run finds nothing of the supervisor's memory and nothing of an earlier run,
// wherever in its own memory it looks; what is there it does find.
func TestNothingOfOthersIsInMemory(t *testing.T) { // items 84 and 86
	s, b := shared(t), newBait(t)
	for range 3 {
		planted := encode(t, map[string]string{"word": b.canary()})
		reply := b.render(t, s, Run{Code: "# " + b.canary() + "\ndef render(d, f, p):\n    kept = [p['word'] * n for n in range(2000)]\n    return p['word']", Params: planted, Filters: encode(t, []string{b.canary()})})
		if reply.HTML != b.canary() {
			t.Fatalf("%+v", reply)
		}
	}
	b.wantAllHeld(t, s, []attack{
		{items: []int{84}, name: "memory", want: "got False", code: "return any(holds_canary(*region) for region in memory())"},
		{items: []int{86}, name: "memory that was not written to yet", want: "got False", code: "import numpy\nempty = numpy.empty(100 << 20, numpy.uint8)\nreturn holds_canary(empty.ctypes.data, empty.ctypes.data + empty.nbytes)"},
		{items: []int{84}, name: "what is there is found", want: "got True", code: "kept = ''.join(P['canary']).encode()\nreturn any(holds_canary(*region) for region in memory() if region[0] <= id(kept) < region[1])"},
	})
}
