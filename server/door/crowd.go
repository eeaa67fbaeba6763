package door

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// toldEvery is how often a crowded address is told of in the log.
const toldEvery = time.Minute

// crowd counts the connections of each client, of IPv6 of each network of 64 bits.
type crowd struct {
	net.Listener
	most    int
	proxies []netip.Prefix
	log     *slog.Logger

	mu    sync.Mutex
	open  map[netip.Addr]int
	until time.Time // nothing is told before
}

// Limit closes at once what comes beyond so many connections of one client; 0
// lets everybody in. The proxies in front of us stand for many clients and are
// not counted.
func Limit(l net.Listener, most int, proxies []netip.Prefix, log *slog.Logger) net.Listener {
	if most == 0 {
		return l
	}
	return &crowd{Listener: l, most: most, proxies: proxies, log: log, open: map[netip.Addr]int{}}
}

// Accept waits for a connection that may come in.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp, at, counted := c.client(conn)
		switch {
		case !counted:
			return conn, nil
		case c.enter(at):
			return &counting{TCPConn: tcp, left: sync.OnceFunc(func() { c.leave(at) })}, nil
		}
		_ = conn.Close()
	}
}

func (c *crowd) client(conn net.Conn) (tcp *net.TCPConn, at netip.Addr, counted bool) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, at, false
	}
	at = tcp.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().WithZone("")
	if slices.ContainsFunc(c.proxies, func(n netip.Prefix) bool { return n.Contains(at) }) {
		return nil, at, false
	}
	if at.Is6() {
		network, _ := at.Prefix(64) // fits every address of that kind
		at = network.Addr()
	}
	return tcp, at, true
}

func (c *crowd) enter(at netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[at] < c.most {
		c.open[at]++
		return true
	}
	if now := time.Now(); now.After(c.until) {
		c.until = now.Add(toldEvery)
		c.log.WarnContext(context.Background(), "too many connections of one address; more are closed", slog.String("address", at.String()), slog.Int("connections", c.most))
	}
	return false
}

func (c *crowd) leave(at netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[at]--; c.open[at] == 0 {
		delete(c.open, at)
	}
}

// counting is a connection that is counted until it is closed. It can do all that a
// TCP connection can: sockets are written without waiting for their readers, and
// one half of a connection is closed before the other.
type counting struct {
	*net.TCPConn
	left func()
}

// Close closes the connection.
func (c *counting) Close() error {
	defer c.left()
	return c.TCPConn.Close()
}
