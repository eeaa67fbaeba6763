package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// maxHops is how many proxies may stand in a row.
const maxHops = 20

// clientIP is the address that a request comes from. Behind proxies of ours
// that is what they saw: X-Forwarded-For is read from its end, where our own
// proxies wrote, up to the first address that is not one of theirs. Whatever
// stands before that the client may have made up.
func (s *server) clientIP(r *http.Request) string {
	at, ok := address(r.RemoteAddr)
	if !ok {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for range maxHops {
		if len(hops) == 0 || !s.trusted(at) {
			break
		}
		before, ok := address(strings.TrimSpace(hops[len(hops)-1]))
		if !ok {
			break
		}
		at, hops = before, hops[:len(hops)-1]
	}
	return at.String()
}

func (s *server) trusted(at netip.Addr) bool {
	return slices.ContainsFunc(s.Proxies, func(n netip.Prefix) bool { return n.Contains(at) })
}

// address reads an address with or without a port: 192.0.2.1, 192.0.2.1:80,
// 2001:db8::1, [2001:db8::1]:80. Of IPv6 the zone, which means something on one
// machine alone, is left out.
func address(text string) (netip.Addr, bool) {
	at, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		port, err := netip.ParseAddrPort(text)
		if err != nil {
			return at, false
		}
		at = port.Addr()
	}
	return at.Unmap().WithZone(""), true
}
