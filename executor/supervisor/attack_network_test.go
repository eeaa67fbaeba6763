//go:build linux

package supervisor

// networkAttacks try to reach canaries on loopback, and to make sockets at all.
var networkAttacks = []attack{
	{items: []int{49}, name: "TCP", want: eperm, code: "return socket.create_connection(('127.0.0.1', P['tcp']), 2)"},
	{items: []int{49}, name: "TCP listener", want: eperm, code: "return socket.create_server(('127.0.0.1', 0))"},
	{items: []int{49}, name: "TCP over version 6", want: eperm, code: "return socket.socket(socket.AF_INET6)"},
	{items: []int{50}, name: "UDP", want: eperm, code: "return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', P['udp']))"},
	{items: []int{51}, name: "name lookup", want: "gaierror", code: "return socket.getaddrinfo('localhost', 80)"},
	{items: []int{51}, name: "own name lookup", want: "gaierror|EPERM", code: "return socket.gethostbyname('localhost')"},
	{items: []int{52}, name: "socket in a folder", want: eperm, code: "return socket.socket(socket.AF_UNIX).connect(P['unix'])"},
	{items: []int{53}, name: "socket without a folder", want: eperm, code: "return socket.socket(socket.AF_UNIX).connect(P['abstract'])"},
	{items: []int{54}, name: "pair of sockets", want: eperm, code: "return socket.socketpair()"},
	{items: []int{55}, name: "raw socket", want: eperm, code: "return socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"},
	{items: []int{55}, name: "ping", want: eperm, code: "return socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1)"},
	{items: []int{55}, name: "packets", want: eperm, code: "return socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"},
	{items: []int{55}, name: "netlink", want: eperm, code: "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"},
	{items: []int{55}, name: "kernel cryptography", want: eperm, code: "return socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)"},
	{items: []int{55}, name: "virtual machine socket", want: eperm, code: "return socket.socket(socket.AF_VSOCK)"},
	{items: []int{56}, name: "credentials of the cloud", want: eperm, code: "import urllib.request\nreturn urllib.request.urlopen(P['web'] + '/v2/credentials', timeout=2).read()"},
	{items: []int{57}, name: "http.client", want: eperm, code: "import http.client\nconnection = http.client.HTTPConnection('127.0.0.1', P['tcp'], timeout=2)\nreturn connection.request('GET', '/')"},
	{items: []int{57}, name: "read_csv of an address", want: eperm, code: "import pandas\nreturn pandas.read_csv(P['web'] + '/x.csv')"},
	{items: []int{57}, name: "Arrow's own S3", want: "ImportError|ModuleNotFoundError|EPERM|OSError", code: "from pyarrow import fs\nreturn fs.S3FileSystem(endpoint_override=P['web'], access_key='x', secret_key='x').get_file_info('x/y')"},
	{items: []int{57}, name: "asyncio", want: eperm, code: "import asyncio\nreturn asyncio.run(asyncio.sleep(0))"},
	{items: []int{58}, name: "connect what was inherited", want: "got ['EPERM']", code: `
def tried(number):
    address = struct.pack('<H', 2) + struct.pack('>H', P['tcp']) + bytes([127, 0, 0, 1]) + bytes(8)
    return errno.errorcode[ctypes.get_errno()] if C.connect(number, address, 16) == -1 else 'connected'
return sorted({tried(number) for number in range(128)})`},
	{items: []int{58}, name: "send over what was inherited", want: "got ['EPERM']", code: `
def tried(name, number):
    try: return call(name, number, bytes(64), 0)
    except OSError as error: return errno.errorcode[error.errno]
return sorted({tried(name, number) for number in range(128) for name in ('sendmsg', 'recvmsg', 'sendto', 'recvfrom', 'sendmmsg', 'accept')})`},
	{items: []int{58}, name: "what was inherited", want: "got [0, 1, 2, 3]", code: `
def there(number):
    try: return bool(os.fstat(number))
    except OSError: return False
return [number for number in range(1024) if there(number)]`},
	{items: []int{59}, name: "io_uring", want: eperm, code: "call('io_uring_setup', 8, bytes(120))"},
	{items: []int{59}, name: "io_uring that is already there", want: eperm, code: "call('io_uring_enter', 3, 1)"},
	{items: []int{60}, name: "socket by the x32 entry", want: "ENOSYS", code: "call(0x40000000 | P['calls']['socket'], 2, 1, 0)"},
	{items: []int{60}, name: "socket by a raw call", want: eperm, code: "call('socket', 2, 1, 0)"},
}
