package core

import (
	"net"
	"net/netip"
)

// ClientOf is what counts as one client: an address, and of IPv6 the network
// that one subscriber has.
func ClientOf(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		return addr.String()
	}
	network, _ := addr.Prefix(64) // there are 128
	return network.Masked().String()
}

// IsLoopback tells whether the host, a name or an address without a port, is this machine's own.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
