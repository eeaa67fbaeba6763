package door

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often a handshake looks whether the files are others.
const lookEvery = time.Second

// Certificate is a certificate with its key in two files (PEM), which may be
// renewed while it is in use.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	stamp   string // of the files that were read last, good or bad
	looked  time.Time
}

// LoadCertificate reads the files. The error names the one that is wrong.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log, looked: time.Now()}
	for _, file := range []string{certFile, keyFile} {
		if _, err := os.ReadFile(file); err != nil {
			return nil, fmt.Errorf("TLS: %w", err)
		}
	}
	c.stamp = c.stamped()
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("TLS: %s and %s: %w", certFile, keyFile, err)
	}
	c.current = &pair
	if ends := pair.Leaf.NotAfter; time.Now().After(ends) {
		log.WarnContext(context.Background(), "the certificate has expired", slog.Time("at", ends))
	}
	return c, nil
}

// sealed are the suites of TLS 1.2 that keep secrets whose key is lost later and that
// check what they decrypt first; those of TLS 1.3 all do.
var sealed = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// Config is TLS 1.2 and newer with HTTP/2, and with the newest good certificate.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, CipherSuites: sealed, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.newest(), nil },
	}
}

// newest is what the files hold, and what they held before where that is not good.
func (c *Certificate) newest() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		c.renew()
	}
	return c.current
}

func (c *Certificate) renew() {
	stamp := c.stamped()
	if stamp == c.stamp {
		return
	}
	c.stamp = stamp
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil { // perhaps only one of the two is there yet
		c.log.WarnContext(context.Background(), "the certificate's files have changed and cannot be read; the earlier one stays", slog.Any("error", err))
		return
	}
	c.current = &pair
	c.log.InfoContext(context.Background(), "the certificate is new", slog.Time("good_until", pair.Leaf.NotAfter))
}

// stamped tells one state of the files from the next.
func (c *Certificate) stamped() (stamp string) {
	for _, file := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(file); err == nil {
			stamp += fmt.Sprint(info.Size(), info.ModTime().UnixNano(), " ")
		}
	}
	return stamp
}
