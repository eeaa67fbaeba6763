package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/remote"
)

// serverFlags say which server a verb speaks to, and as whom. A token is never an
// argument: everybody can read those.
type serverFlags struct {
	Server    string `help:"Address of the server. Default: KARUTA_URL, else this machine's API_PORT." placeholder:"URL"`
	TokenFile string `help:"File with a session's token or an API key, read anew at every connection; - is standard input. Default: what KARUTA_TOKEN holds." placeholder:"FILE"`
	PlainHTTP bool   `name:"plain-http" help:"Allow http:// to another machine, where token and data can be read on the way."`
}

// open is the server as whom the token is of.
func (f *serverFlags) open(sh *shell, c *cli, told func(remote.Notice)) (*remote.Server, error) {
	address, err := f.address(sh, c)
	if err != nil {
		return nil, err
	}
	token := f.token(sh)
	if _, err := token(); err != nil {
		return nil, usageError{err}
	}
	s, err := remote.New(remote.Options{URL: address, Token: token, Locale: language(sh.environ), PlainHTTP: f.PlainHTTP, Told: told})
	if err != nil {
		return nil, usageError{err}
	}
	return s, nil
}

func (f *serverFlags) address(sh *shell, c *cli) (string, error) {
	if f.Server != "" {
		return f.Server, nil
	}
	if address := sh.variable("KARUTA_URL"); address != "" {
		return address, nil
	}
	conf, err := sh.load(config.LoadExecutor, c, nil)
	switch {
	case err != nil:
		return "", err
	case conf.TLS():
		return "", usageError{errors.New("this machine's server has a certificate: name it as that does, with --server https://…")}
	}
	return "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(conf.APIPort)), nil
}

// token gives the token, each time as it is then.
func (f *serverFlags) token(sh *shell) func() (string, error) {
	read := func() (string, error) { return sh.variable("KARUTA_TOKEN"), nil }
	switch f.TokenFile {
	case "":
	case "-":
		line, err := firstLine(sh.in)
		read = func() (string, error) { return line, err }
	default:
		read = func() (string, error) {
			file, err := os.Open(f.TokenFile)
			if err != nil {
				return "", err
			}
			defer func() { _ = file.Close() }()
			return firstLine(io.LimitReader(file, maxToken))
		}
	}
	return func() (string, error) {
		token, err := read()
		if token = strings.TrimSpace(token); err == nil && token == "" {
			err = errors.New("as whom? Put a token into KARUTA_TOKEN or name its file with --token-file: an API key (karuta apikey create) or a session's")
		}
		return token, err
	}
}

const maxToken = 64 << 10 // of a token's file, in bytes

// variable is what the environment says.
func (sh *shell) variable(name string) (value string) {
	for _, line := range sh.environ {
		if v, ok := strings.CutPrefix(line, name+"="); ok {
			value = v
		}
	}
	return value
}

var noticeWords = map[core.Locale]map[remote.NoticeKind]string{
	core.English: {
		remote.Lost:   "connection lost, connecting anew (%v)",
		remote.Back:   "connected again",
		remote.Missed: "what was told meanwhile is not known any more; this is how it stands now",
	},
	core.Japanese: {
		remote.Lost:   "切断、つなぎ直しています (%v)",
		remote.Back:   "再びつながりました",
		remote.Missed: "その間の出来事は不明、ここからは現在の状態",
	},
}

// notice says what happened to the connection.
func notice(lang core.Locale, n remote.Notice) string {
	text := noticeWords[lang][n.Kind]
	if n.Kind == remote.Lost {
		text = fmt.Sprintf(text, n.Cause)
	}
	return "karuta: " + text
}
