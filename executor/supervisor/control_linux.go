package supervisor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// job is the supervisor's message to the zygote; the descriptors of the request,
// the answer, the log, of a transform the file for its table, and the data come
// with it. It holds numbers alone, because what the zygote reads stays in its memory, which every
// later run inherits. Layout as in guest/karuta_guest/zygote.py.
type job struct {
	Run    uint64
	Kind   kind
	User   uint32 // that the child becomes
	Layers layers
	Nice   uint32
	Memory int64 // bytes
	Input  int64 // bytes
	CPU    int64 // seconds
	Alarm  int64 // milliseconds until the code is asked where it is
	File   int64 // bytes of a file that the child may write
	Table  int64 // bytes of a transform's table
}

// kind is what a run is, as in guest/karuta_guest/child.py.
type kind uint32

const (
	kindCard kind = iota
	kindTransform
)

type reportKind uint32

const (
	reportReady  reportKind = iota + 1 // First: Landlock ABI, Second: may change root and user
	reportForked                       // First: process id as the zygote sees it; a pidfd comes along
	reportExited                       // First: wait status, Second: peak memory in KiB
	reportFailed                       // First: errno of fork
)

// report is the zygote's message to the supervisor.
type report struct {
	Kind                 reportKind
	Run                  uint64
	First, Second, Third int64
}

const reportSize = 4 + 8 + 3*8

// control is the supervisor's end of the socket to a zygote.
type control struct{ conn *net.UnixConn }

// newControl makes the pair: our end, and the end for the zygote.
func newControl() (*control, *os.File, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socket pair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "control"), os.NewFile(uintptr(pair[1]), "control of the zygote")
	defer ours.Close() // FileConn works on a copy
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return &control{conn.(*net.UnixConn)}, theirs, nil
}

func (c *control) send(j job, descriptors []int) error {
	message, err := binary.Append(nil, binary.LittleEndian, j)
	if err != nil {
		return err
	}
	_, _, err = c.conn.WriteMsgUnix(message, unix.UnixRights(descriptors...), nil)
	return err
}

// receive waits for a report. The descriptor is -1 where none came along.
func (c *control) receive() (report, int, error) {
	message, rights := make([]byte, reportSize), make([]byte, unix.CmsgSpace(4))
	n, rn, _, _, err := c.conn.ReadMsgUnix(message, rights)
	if err != nil {
		return report{}, -1, err
	}
	if n == 0 {
		return report{}, -1, io.EOF
	}
	var r report
	if _, err := binary.Decode(message[:n], binary.LittleEndian, &r); err != nil {
		return report{}, -1, fmt.Errorf("report of %d bytes: %w", n, err)
	}
	return r, descriptor(rights[:rn]), nil
}

func descriptor(rights []byte) int {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(messages) == 0 {
		return -1
	}
	descriptors, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(descriptors) == 0 {
		return -1
	}
	return descriptors[0]
}
