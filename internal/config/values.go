package config

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
)

const hidden = "(hidden)"

// Secret is a value that never prints itself: not by fmt, not in a log, not as
// JSON. [Secret.Reveal] is the one way to it.
type Secret string

// Reveal is the value itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the value; an empty secret is empty.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// Format hides the value from every verb of fmt.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue hides the value from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the value from JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Origins is a list of web origins such as "https://bi.example.com".
type Origins []string

// UnmarshalText reads a JSON list of origins and refuses "*", paths and anything but http and https.
func (o *Origins) UnmarshalText(text []byte) error {
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf(`want a JSON list such as ["http://localhost:3000"]`)
	}
	for _, origin := range list {
		u, err := url.Parse(origin)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			return fmt.Errorf("%q is not an origin such as https://bi.example.com", origin)
		}
	}
	*o = list
	return nil
}

// String is the list as JSON, as it is written in the environment.
func (o Origins) String() string {
	text, _ := json.Marshal([]string(o)) // strings always marshal
	return string(text)
}

// Names is a list of names such as those of buckets.
type Names []string

// UnmarshalText reads a JSON list of names, none of them empty.
func (n *Names) UnmarshalText(text []byte) error {
	var list []string
	if err := json.Unmarshal(text, &list); err != nil || slices.Contains(list, "") {
		return fmt.Errorf(`want a JSON list such as ["company-data"]`)
	}
	*n = list
	return nil
}

// String is the list as JSON, as it is written in the environment.
func (n Names) String() string {
	text, _ := json.Marshal([]string(n)) // strings always marshal
	return string(text)
}

// Networks is a list of networks such as "10.0.0.0/8" or "2001:db8::/32".
type Networks []netip.Prefix

// UnmarshalText reads a JSON list of networks, each with the bits that count,
// and refuses the whole internet.
func (n *Networks) UnmarshalText(text []byte) error {
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf(`want a JSON list such as ["10.0.0.0/8"]`)
	}
	networks := make(Networks, len(list))
	for i, said := range list {
		network, err := netip.ParsePrefix(said)
		if err != nil || network.Bits() == 0 || network != network.Masked() || network.Addr().Is4In6() {
			return fmt.Errorf("%q is not a network such as 10.0.0.0/8", said)
		}
		networks[i] = network
	}
	*n = networks
	return nil
}

// String is the list as JSON, as it is written in the environment.
func (n Networks) String() string {
	list := make([]string, len(n))
	for i, network := range n {
		list[i] = network.String()
	}
	text, _ := json.Marshal(list) // strings always marshal
	return string(text)
}
