package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	health1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// served is an `octet serve` in this process.
type served struct {
	log               *lockedBuffer
	stop              context.CancelFunc // is SIGTERM
	code              chan int
	http, grpc, admin string // addresses
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// has waits for a line of the log with a message, and returns it.
func (s *served) has(t *testing.T, message string) (line map[string]any) {
	t.Helper()
	for t.Context().Err() == nil {
		for text := range strings.Lines(s.log.String()) {
			line = nil
			if json.Unmarshal([]byte(text), &line) == nil && line["msg"] == message {
				return line
			}
		}
		select {
		case code := <-s.code:
			t.Fatalf("it ended with code %d before it said %q:\n%s", code, message, s.log)
		case <-time.After(5 * time.Millisecond):
		}
	}
	t.Fatalf("the log never had %q:\n%s", message, s.log)
	return nil
}

// serving starts a server on free ports and waits until it is ready.
func serving(t *testing.T, args ...string) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &served{log: &lockedBuffer{}, stop: cancel, code: make(chan int, 1)}
	args = append([]string{"serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, args...)
	go func() { s.code <- run(ctx, args, strings.NewReader(""), io.Discard, s.log) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-s.code:
		case <-time.After(time.Minute):
			t.Error("it did not end")
		}
	})
	line := s.has(t, "listening")
	for key, to := range map[string]*string{"http": &s.http, "grpc": &s.grpc, "admin": &s.admin} {
		*to, _ = line[key].(string)
	}
	s.has(t, "ready")
	return s
}

// get asks an address; the body is empty where nobody answers.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		return 0, ""
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func TestServe(t *testing.T) {
	_, model, _, _ := demoFolder(t)
	s := serving(t, model, "--metrics-names", "triton", "--drain-delay", "300ms")
	for url, want := range map[string]string{
		"http://" + s.http + "/v2/health/ready":                `{"ready":true}`,
		"http://" + s.http + "/v2/models/fashion_resnet8":      `"datatype":"FP32"`,
		"http://" + s.admin + "/metrics":                       "octet_queue_length 0",
		"http://" + s.admin + "/debug/pprof/goroutine?debug=1": "goroutine profile",
	} {
		if status, body := get(t, url); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.300s", url, status, body)
		}
	}
	for _, path := range []string{"/metrics", "/debug/pprof/"} {
		if status, _ := get(t, "http://"+s.http+path); status != http.StatusNotFound {
			t.Errorf("%s is on the data's port: %d", path, status)
		}
	}
	image, err := os.ReadFile(greyPNG(t))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Post("http://"+s.http+"/v2/models/fashion_resnet8/infer", "image/png", bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if b, err := io.ReadAll(r.Body); err != nil || r.StatusCode != http.StatusOK || !bytes.Contains(b, []byte(`"label":`)) {
		t.Errorf("%d %s %v", r.StatusCode, b, err)
	}
	if _, body := get(t, "http://"+s.admin+"/metrics"); !strings.Contains(body, `octet_request_seconds_count{model="fashion_resnet8",version="1"} 1`) || !strings.Contains(body, `nv_inference_count{model="fashion_resnet8",version="1"} 1`) {
		t.Errorf("the request is not counted:\n%s", body)
	}
	conn, err := grpc.NewClient(s.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	check := health1.NewHealthClient(conn)
	if a, err := check.Check(t.Context(), &health1.HealthCheckRequest{}); err != nil || a.Status != health1.HealthCheckResponse_SERVING {
		t.Error(a, err)
	}
	s.stop()
	s.has(t, "ending: not ready from now on")
	if status, body := get(t, "http://"+s.http+"/v2/health/ready"); status != 0 && status != http.StatusServiceUnavailable {
		t.Errorf("ready while it ends: %d %s", status, body)
	}
	if code := <-s.code; code != exit.OK {
		t.Errorf("exit code %d:\n%s", code, s.log)
	}
	s.code <- exit.OK
}

func TestServeRefusals(t *testing.T) {
	_, model, _, _ := demoFolder(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	short := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(short, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for part, args := range map[string][]string{
		"nothing would be served": {model, "--http", "", "--grpc", ""},
		"--threads -1":            {model, "--threads", "-1"},
		"--queue -1":              {model, "--queue", "-1"},
		"--max-batch 0":           {model, "--max-batch", "0"},
		"--max-body 0":            {model, "--max-body", "0"},
		"--metrics-names x":       {model, "--metrics-names", "x"},
		"tls-key":                 {model, "--tls-cert", "c.pem"},
		"--tls-client-ca needs":   {model, "--tls-client-ca", "c.pem"},
		"c.pem":                   {model, "--tls-cert", "c.pem", "--tls-key", "k.pem"},
		"16 characters":           {model, "--token-file", short},
		"no-such.pth":             {"no-such.pth", "--http", "127.0.0.1:0", "--grpc", "", "--admin", ""},
		"address already in use":  {model, "--http", l.Addr().String(), "--grpc", "", "--admin", ""},
	} {
		var errs bytes.Buffer
		if code := run(t.Context(), append([]string{"serve"}, args...), strings.NewReader(""), io.Discard, &errs); code == exit.OK || !strings.Contains(errs.String(), part) {
			t.Errorf("%v: code %d, %s", args, code, errs.String())
		}
	}
}

// certificate writes a certificate for 127.0.0.1, signed by itself, and its key.
func certificate(t *testing.T, folder, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(folder, name+".pem"), filepath.Join(folder, name+".key")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// TLS from 1.2 on, with certificates of clients, and tokens.
func TestServeTLSAndTokens(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	cert, key := certificate(t, folder, "server")
	clientCert, clientKey := certificate(t, folder, "client")
	tokens := filepath.Join(folder, "tokens")
	if err := os.WriteFile(tokens, []byte("the-token-of-this-test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serving(t, model, "--tls-cert", cert, "--tls-key", key, "--tls-client-ca", clientCert, "--token-file", tokens, "--access-log")
	roots := x509.NewCertPool()
	text, err := os.ReadFile(cert)
	if err != nil || !roots.AppendCertsFromPEM(text) {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(clientCert, clientKey)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(config *tls.Config, token string) int {
		transport := &http.Transport{TLSClientConfig: config}
		defer transport.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.http+"/v2/models/fashion_resnet8", nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		a, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			return 0
		}
		a.Body.Close()
		return a.StatusCode
	}
	good := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}
	for what, c := range map[string]struct {
		config *tls.Config
		token  string
		want   int
	}{
		"all":            {good, "the-token-of-this-test", http.StatusOK},
		"no token":       {good, "", http.StatusUnauthorized},
		"another token":  {good, "the-token-of-that-test", http.StatusUnauthorized},
		"no certificate": {&tls.Config{RootCAs: roots}, "the-token-of-this-test", 0},
		"TLS 1.1":        {&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "the-token-of-this-test", 0},
	} {
		if got := ask(c.config, c.token); got != c.want {
			t.Errorf("%s: %d, want %d", what, got, c.want)
		}
	}
	if text := s.log.String(); strings.Contains(text, "-token-of-") {
		t.Errorf("a token is in the log:\n%s", text)
	}
}
