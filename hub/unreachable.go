package hub

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// UnreachableError says that there is no way to a server from here. No retry mends
// that, so there is none, unless bytes have come from it before.
type UnreachableError struct {
	Host  string // as it was looked up, without a port
	Proxy bool   // of a proxy that the environment names
	Why   string // in words
	Err   error  // of the system, as the network package returned it
}

// Error says what cannot be reached, and why.
func (e *UnreachableError) Error() string {
	what := e.Host
	if e.Proxy {
		what = "the proxy " + e.Host
	}
	return fmt.Sprintf("cannot reach %s: %s", what, e.Why)
}

// Unwrap is why it could not be reached.
func (e *UnreachableError) Unwrap() error { return e.Err }

// noRoute are the errors of a machine without a network, or a network without the
// host. Windows has numbers of its own: WSAENETUNREACH and WSAEHOSTUNREACH.
var noRoute = []error{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.Errno(10051), syscall.Errno(10065)}

// unreachable is err as an UnreachableError; nil where err is another one.
func unreachable(host string, err error) *UnreachableError {
	var connecting *net.OpError
	proxy := errors.As(err, &connecting) && connecting.Op == "proxyconnect"
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		e := &UnreachableError{lookup.Name, proxy, "there is no address for that name", err}
		if !lookup.IsNotFound {
			e.Why = "its address cannot be looked up (" + lookup.Err + ")"
		}
		return e
	}
	for _, known := range noRoute {
		if errors.Is(err, known) {
			return &UnreachableError{host, proxy, "there is no route to it", err}
		}
	}
	return nil
}
