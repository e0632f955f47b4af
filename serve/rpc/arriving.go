package rpc

import (
	"context"
	"log/slog"
	"net"
	"sync"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/stats"
)

// arriving bounds the bytes of all messages that have come in part: gRPC itself bounds each alone.
// They are what connections have read, less the messages that have come whole. Where they become
// too many, the connection that has most of them is closed, for gRPC has no way to refuse a
// message of which a part has come.
type arriving struct {
	limit int64
	log   *slog.Logger

	mu    sync.Mutex
	bytes int64 // the sum over connections
	conns map[*connection]bool
}

// connection counts what it reads. It stands for the credentials, too, by which gRPC leads from a
// call to its connection.
type connection struct {
	net.Conn
	credentials.AuthInfo
	of *arriving

	calls int   // that have begun and not ended
	bytes int64 // that no whole message holds
}

// Read reads what the client sends.
func (c *connection) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.of.came(c, int64(n))
	}
	return n, err
}

func (a *arriving) came(c *connection, n int64) {
	a.mu.Lock()
	a.set(c, c.bytes+n)
	most := c
	full := a.bytes > a.limit
	if full {
		for other := range a.conns {
			if other.bytes > most.bytes {
				most = other
			}
		}
		a.forget(most)
	}
	a.mu.Unlock()
	if full {
		a.log.Warn("a gRPC connection is closed: it has most of the messages that have come in part, which are too much together", "client", most.RemoteAddr().String(), "limit", a.limit)
		most.Close()
	}
}

// set changes the bytes of a connection, which count while it is open.
func (a *arriving) set(c *connection, n int64) {
	n = max(0, n)
	if a.conns[c] {
		a.bytes += n - c.bytes
	}
	c.bytes = n
}

func (a *arriving) forget(c *connection) {
	a.set(c, 0)
	delete(a.conns, c)
}

// connectionKey is that of a connection in the contexts of its calls.
type connectionKey struct{}

// TagConn begins to count a connection, of which the first bytes are read.
func (a *arriving) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	p, _ := peer.FromContext(ctx)
	c := p.AuthInfo.(*connection)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conns[c] = true
	a.bytes += c.bytes
	return context.WithValue(ctx, connectionKey{}, c)
}

// HandleConn ends it.
func (a *arriving) HandleConn(ctx context.Context, s stats.ConnStats) {
	if _, ended := s.(*stats.ConnEnd); ended {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.forget(ctx.Value(connectionKey{}).(*connection))
	}
}

// TagRPC has nothing to add.
func (a *arriving) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC takes out what has come whole. What else is read, such as the settings of HTTP/2, is
// forgotten when no call is in flight, or only one whose message has come.
func (a *arriving) HandleRPC(ctx context.Context, s stats.RPCStats) {
	c := ctx.Value(connectionKey{}).(*connection)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch s := s.(type) {
	case *stats.Begin:
		c.calls++
	case *stats.InHeader:
		a.set(c, c.bytes-int64(s.WireLength))
	case *stats.InPayload:
		const frame, frames = 9, 16 << 10 // bytes of a frame's header, and of most frames
		a.set(c, c.bytes-int64(s.WireLength+frame*(1+s.WireLength/frames)))
		if c.calls == 1 {
			a.set(c, min(c.bytes, streamWindow))
		}
	case *stats.End:
		if c.calls--; c.calls == 0 {
			a.set(c, 0)
		}
	}
}

// counted are credentials whose connections are counted.
type counted struct {
	credentials.TransportCredentials
	by *arriving
}

// ServerHandshake greets a client.
func (t counted) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := t.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		return nil, nil, err
	}
	c := &connection{Conn: conn, AuthInfo: info, of: t.by}
	return c, c, nil
}

// Clone copies the credentials.
func (t counted) Clone() credentials.TransportCredentials {
	return counted{t.TransportCredentials.Clone(), t.by}
}
