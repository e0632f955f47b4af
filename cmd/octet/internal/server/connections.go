package server

import (
	"net"
	"sync"
)

// limited is a listener of so many connections at a time. That of golang.org/x/net/netutil hides the
// connection within, which rest.ConnContext looks for.
type limited struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	close  func()
}

func limit(l net.Listener, connections int) net.Listener {
	m := &limited{Listener: l, places: make(chan struct{}, connections), closed: make(chan struct{})}
	m.close = sync.OnceFunc(func() { close(m.closed) })
	return m
}

// Accept waits for a place, and then for a client.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	leave := func() { <-l.places }
	c, err := l.Listener.Accept()
	if err != nil {
		leave()
		return nil, err
	}
	return &connection{c, sync.OnceFunc(leave)}, nil
}

// Close ends Accept, also one that waits for a place.
func (l *limited) Close() error {
	l.close()
	return l.Listener.Close()
}

// connection gives its place back when it is closed.
type connection struct {
	net.Conn
	leave func()
}

func (c *connection) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// NetConn is the connection within, as tls.Conn has it.
func (c *connection) NetConn() net.Conn { return c.Conn }
