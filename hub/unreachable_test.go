package hub

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// noNetwork is a client whose connections all fail, and counts them.
func noNetwork(t *testing.T, err error) (*http.Client, *int) {
	t.Helper()
	n := new(int)
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		*n++
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}, n
}

func TestNoWayToTheServerIsNotRetried(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		says string
	}{
		"unknown name":      {&net.DNSError{Name: "nowhere.invalid", Err: "no such host", IsNotFound: true}, "there is no address for that name"},
		"no resolver":       {&net.DNSError{Name: "nowhere.invalid", Err: "server misbehaving", IsTemporary: true}, "cannot be looked up (server misbehaving)"},
		"silent resolver":   {&net.DNSError{Name: "nowhere.invalid", Err: "i/o timeout", IsTimeout: true}, "cannot be looked up (i/o timeout)"},
		"no network":        {os.NewSyscallError("connect", syscall.ENETUNREACH), "there is no route to it"},
		"no route":          {os.NewSyscallError("connect", syscall.EHOSTUNREACH), "there is no route to it"},
		"network is down":   {os.NewSyscallError("connect", syscall.ENETDOWN), "there is no route to it"},
		"no route, Windows": {os.NewSyscallError("connectex", syscall.Errno(10065)), "there is no route to it"},
	} {
		t.Run(name, func(t *testing.T) {
			_, file := blob(t, 10)
			client, n := noNetwork(t, c.err)
			_, err := Fetch(t.Context(), "https://nowhere.invalid/m/"+file, file, "", Options{Cache: t.TempDir(), NoTorchCache: true, Client: client})
			fails(t, err, "cannot reach nowhere.invalid", c.says, "OCTET_BASE_URL", "place it at")
			var away *UnreachableError
			if !errors.As(err, &away) || *n != 1 {
				t.Errorf("%d attempts, %v", *n, err)
			}
			for line := range strings.Lines(err.Error()) {
				if len(line) > 400 {
					t.Errorf("a line of %d letters", len(line))
				}
			}
		})
	}
}

// A connection that is refused may be taken a moment later.
func TestRefusedConnectionsAreRetried(t *testing.T) {
	_, file := blob(t, 10)
	client, n := noNetwork(t, os.NewSyscallError("connect", syscall.ECONNREFUSED))
	_, err := Fetch(t.Context(), "https://nowhere.invalid/m/"+file, file, "", Options{Cache: t.TempDir(), NoTorchCache: true, Client: client, Retries: 2, Backoff: 1})
	fails(t, err, "given up after 3 attempts")
	if *n != 3 {
		t.Errorf("%d attempts", *n)
	}
}

// A network that goes away in the middle may come back.
func TestALostNetworkIsRetried(t *testing.T) {
	content, file := blob(t, 300_000)
	s := newServer(t, content)
	s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
		return n == 0 && cutAfter(w, r, content, 100_000)
	}
	o := s.options(t)
	dials := 0
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials++; dials == 2 {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	o.Client = &http.Client{Transport: transport}
	path, err := Fetch(t.Context(), s.URL+"/"+file, file, "", o)
	if err != nil || dials != 3 {
		t.Fatalf("%d dials, %v", dials, err)
	}
	mustHold(t, path, content)
}

func TestAnUnreachableProxyIsNamed(t *testing.T) {
	err := &net.OpError{Op: "proxyconnect", Net: "tcp", Err: &net.OpError{Op: "dial", Err: &net.DNSError{Name: "proxy.invalid", IsNotFound: true}}}
	if got := unreachable("download.pytorch.org", err); got == nil || !strings.Contains(got.Error(), "the proxy proxy.invalid") {
		t.Errorf("%v", got)
	}
}
