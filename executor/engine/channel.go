package engine

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	maxMessage = 64 << 20 // bytes of one message
	maxFiles   = 1        // that come with one message
)

var errTooLong = errors.New("message too long")

// channel is one end of the socket between the engine and a worker. A message is
// four bytes with its length, then JSON; open files come along with the length.
type channel struct {
	conn *net.UnixConn
	out  sync.Mutex // one message at a time
}

// newChannel makes the pair: the engine's end, and the end for the worker.
func newChannel() (*channel, *os.File, error) {
	pair, err := socketPair()
	if err != nil {
		return nil, nil, fmt.Errorf("socket pair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "worker"), os.NewFile(uintptr(pair[1]), "engine")
	c, err := openChannel(ours)
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return c, theirs, nil
}

// openChannel takes over a socket.
func openChannel(socket *os.File) (*channel, error) {
	defer socket.Close() // FileConn works on a copy
	conn, err := net.FileConn(socket)
	if err != nil {
		return nil, err
	}
	unixConn, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(errors.New("not a unix socket"), conn.Close())
	}
	return &channel{conn: unixConn}, nil
}

func (c *channel) send(message any, files ...*os.File) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if len(body) > maxMessage {
		return errTooLong
	}
	var rights []byte
	for _, f := range files {
		rights = append(rights, unix.UnixRights(int(f.Fd()))...)
	}
	c.out.Lock()
	defer c.out.Unlock()
	if _, _, err := c.conn.WriteMsgUnix(binary.BigEndian.AppendUint32(nil, uint32(len(body))), rights, nil); err != nil {
		return err
	}
	_, err = c.conn.Write(body)
	return err
}

// receive waits for a message. The file is nil where none came along; it is the caller's.
func (c *channel) receive(message any) (*os.File, error) {
	head, rights := make([]byte, 4), make([]byte, unix.CmsgSpace(4*maxFiles))
	n, rn, _, _, err := c.conn.ReadMsgUnix(head, rights)
	if err == nil {
		_, err = io.ReadFull(c.conn, head[n:])
	}
	file := fileOf(rights[:rn])
	if err == nil {
		err = c.body(binary.BigEndian.Uint32(head), message)
	}
	if err != nil && file != nil {
		_ = file.Close()
		file = nil
	}
	return file, err
}

func (c *channel) body(length uint32, message any) error {
	if length > maxMessage {
		return errTooLong
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(c.conn, body); err != nil {
		return err
	}
	return json.Unmarshal(body, message)
}

func fileOf(rights []byte) *os.File {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(messages) == 0 {
		return nil
	}
	descriptors, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(descriptors) == 0 {
		return nil
	}
	return os.NewFile(uintptr(descriptors[0]), "slice")
}

func (c *channel) close() { _ = c.conn.Close() }
