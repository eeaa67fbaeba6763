package server_test

import (
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/server"
)

// behindProxies is a server that trusts the load balancers of its network.
func behindProxies(d *server.Deps) {
	d.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
}

// ATH-4: whose address the record shows, whatever the client writes into its headers.
func TestClientAddress(t *testing.T) {
	long := strings.Repeat("203.0.113.9, ", 800)
	houses := map[bool]*house{false: newHouse(t), true: newHouse(t, behindProxies)}
	admins := map[bool]string{}
	for trusting, h := range houses {
		_, admins[trusting] = h.user(core.RoleAdmin)
	}
	for name, c := range map[string]struct {
		trusting  bool
		peer      string
		forwarded []string
		want      string
	}{
		"nobody in between":         {true, "192.0.2.1:80", nil, "192.0.2.1"},
		"a stranger's header":       {true, "192.0.2.1:80", []string{"203.0.113.9"}, "192.0.2.1"},
		"no proxy is trusted":       {false, "10.0.0.1:80", []string{"203.0.113.9"}, "10.0.0.1"},
		"through a proxy":           {true, "10.0.0.1:80", []string{"203.0.113.9"}, "203.0.113.9"},
		"through two":               {true, "10.0.0.1:80", []string{"203.0.113.9, 10.2.3.4"}, "203.0.113.9"},
		"in two headers":            {true, "10.0.0.1:80", []string{"203.0.113.9", "10.2.3.4"}, "203.0.113.9"},
		"made up before it":         {true, "10.0.0.1:80", []string{"127.0.0.1, 10.9.9.9, 203.0.113.9, 10.2.3.4"}, "203.0.113.9"},
		"all are proxies":           {true, "10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"proxy without header":      {true, "10.0.0.1:80", nil, "10.0.0.1"},
		"empty":                     {true, "10.0.0.1:80", []string{""}, "10.0.0.1"},
		"garbage":                   {true, "10.0.0.1:80", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		"garbage before":            {true, "10.0.0.1:80", []string{"<script>, 203.0.113.9"}, "203.0.113.9"},
		"garbage before a proxy":    {true, "10.0.0.1:80", []string{"\x00, 10.2.3.4"}, "10.2.3.4"},
		"a number":                  {true, "10.0.0.1:80", []string{"3405803785"}, "10.0.0.1"},
		"with a port":               {true, "10.0.0.1:80", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		"IPv6":                      {true, "10.0.0.1:80", []string{"2001:db8::9"}, "2001:db8::9"},
		"IPv6 with a port":          {true, "10.0.0.1:80", []string{"[2001:db8::9]:4711"}, "2001:db8::9"},
		"IPv6 with brackets":        {true, "10.0.0.1:80", []string{"[2001:db8::9]"}, "2001:db8::9"},
		"IPv6 in another form":      {true, "10.0.0.1:80", []string{"2001:0DB8:0:0::0009"}, "2001:db8::9"},
		"IPv6 with a zone":          {true, "10.0.0.1:80", []string{"fe80::1%eth0"}, "fe80::1"},
		"IPv4 as IPv6":              {true, "[::ffff:10.0.0.1]:80", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"through a proxy with IPv6": {true, "[2001:db8:ffff::1]:80", []string{"203.0.113.9"}, "203.0.113.9"},
		"10 KB, made up":            {true, "10.0.0.1:80", []string{long + "198.51.100.7"}, "198.51.100.7"},
		"10 KB of proxies":          {true, "10.0.0.1:80", []string{strings.Repeat("10.0.0.2,", 1200) + "10.0.0.2"}, "10.0.0.2"},
		"10 KB of commas":           {true, "10.0.0.1:80", []string{strings.Repeat(",", 10<<10)}, "10.0.0.1"},
	} {
		h := houses[c.trusting]
		r := bearing(post(`{"query":"mutation { createGroup(input: {name: \"`+name+`\"}) { group { id } } }"}`), admins[c.trusting])
		r.RemoteAddr = c.peer
		for _, f := range c.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		h.send(r)
		if evs := h.Events(core.EventGroupCreated); len(evs) == 0 || evs[0].ActorIP != c.want {
			t.Errorf("%s: recorded %+v, want %s", name, evs[0], c.want)
		}
	}
}

// ATH-4: who guesses is told in words, in the extensions and in the header when
// to come back.
func TestTooManyTries(t *testing.T) {
	h := openHouse(t, site{file: filepath.Join(t.TempDir(), "karuta.db"), blobs: accesstest.NewBlobs(), brakes: true})
	guess := func(language string) *answered {
		return h.ask("", `mutation { login(input: {email: "x@example.com", password: "x"}) { tokenType } }`, nil, "Accept-Language", language)
	}
	for range 5 {
		if a := guess("en"); a.code() != string(core.CodeUnauthorized) || a.Header.Get("Retry-After") != "" {
			t.Fatal(a.text)
		}
	}
	for _, language := range []string{"ja", "en"} {
		a := guess(language)
		wait, _ := a.Errors[0].Extensions["retryAfter"].(float64)
		if a.code() != string(core.CodeRateLimit) || wait < 1 || wait > 60 || a.Header.Get("Retry-After") != strconv.Itoa(int(wait)) {
			t.Errorf("%s, Retry-After %q", a.text, a.Header.Get("Retry-After"))
		}
		a.plain(t, language == "en")
	}
	r := httptest.NewRequest("POST", "/graphql", strings.NewReader(`{"query":"{ health { status } }"}`))
	if a := h.send(with(r, "Content-Type", "application/json")); a.code() != "" {
		t.Errorf("everything else goes on: %s", a.text)
	}
}
