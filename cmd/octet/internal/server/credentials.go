package server

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/octet-ml/octet/serve"
)

// certificates are the server's, as the files have them.
type certificates struct{ now atomic.Pointer[tls.Config] }

func (c *certificates) on() bool { return c.now.Load() != nil }

// config is for a listener; connections have the certificates that were read last.
func (c *certificates) config(protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: protocols,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			config := c.now.Load().Clone()
			config.NextProtos = protocols
			return config, nil
		},
	}
}

// credentials reads certificates and tokens from their files. After an error they are as before.
func (s *process) credentials() error {
	config, err := s.config.tls()
	if err != nil {
		return err
	}
	var tokens []string
	if s.config.TokenFile != "" {
		if tokens, err = readTokens(s.config.TokenFile); err != nil {
			return err
		}
	}
	if config != nil {
		s.certs.now.Store(config)
	}
	switch {
	case tokens == nil:
	case s.tokens == nil:
		s.tokens = serve.NewTokens(tokens...)
	default:
		s.tokens.Set(tokens...)
	}
	return nil
}

// tls reads the files of certificates; nil where there are none.
func (c Config) tls() (*tls.Config, error) {
	if c.Cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s and --tls-key %s: %w", c.Cert, c.Key, err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if c.ClientCA != "" {
		pem, err := os.ReadFile(c.ClientCA)
		if err != nil {
			return nil, fmt.Errorf("--tls-client-ca: %w", err)
		}
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !config.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM", c.ClientCA)
		}
	}
	return config, nil
}

// readTokens reads a token on each line; empty lines are left out.
func readTokens(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--token-file: %w", err)
	}
	const shortest = 16 // characters: what is shorter is guessed
	var tokens []string
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if len(line) < shortest || strings.ContainsAny(line, " \t") {
			return nil, fmt.Errorf("%s, line %d: a token has %d characters at least, and no blanks: openssl rand -hex 32 makes one", path, i+1, shortest)
		}
		tokens = append(tokens, line)
	}
	if tokens == nil {
		return nil, fmt.Errorf("%s holds no token; one on each line is expected", path)
	}
	return tokens, nil
}
