package server

import (
	"errors"
	"net"
	"testing"
)

// A connection that is closed, however often, makes room for one.
func TestConnectionsAreLimited(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const most = 2
	l := limit(inner, most)
	accepted, failed := make(chan net.Conn), make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				failed <- err
				return
			}
			accepted <- c
		}
	}()
	var open []net.Conn
	for range most + 2 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	for range most {
		open = append(open, <-accepted)
	}
	places := func(want int) {
		t.Helper()
		if n := len(l.(*limited).places); n != want {
			t.Errorf("%d places are taken, want %d", n, want)
		}
	}
	places(most)
	open[0].Close()
	open[0].Close()
	open[0] = <-accepted
	places(most)
	l.Close() // while Accept waits for a place
	if err := <-failed; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	for i, c := range open {
		c.Close()
		places(most - 1 - i)
	}
}
