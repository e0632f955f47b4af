package rest

import (
	"context"
	"io"
	"net"
	"net/http"
	"syscall"
)

// connKey is that of a request's connection in its context.
type connKey struct{}

// ConnContext is for http.Server.ConnContext. With it, large bodies are read in few pieces: a
// goroutine that waits for the next one has to wait for its turn, too, when it has come.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	for {
		if conn, ok := c.(syscall.Conn); ok {
			if raw, err := conn.SyscallConn(); err == nil {
				return context.WithValue(ctx, connKey{}, raw)
			}
			return ctx
		}
		outer, ok := c.(interface{ NetConn() net.Conn })
		if _, encrypted := c.(interface{ HandshakeContext(context.Context) error }); !ok || encrypted {
			return ctx
		}
		c = outer.NetConn()
	}
}

// largePiece bounds what a piece waits for, so that its memory in the system is bounded.
const largePiece = 256 << 10

// whole reads a body of known length in few pieces, where the connection can.
type whole struct {
	io.Reader
	left  int64
	raw   syscall.RawConn
	begun bool // what had come with the header is read
	low   int  // bytes that the connection waits for
}

// inPieces reads a request's body; done must be called behind it.
func inPieces(r *http.Request, body io.Reader) (reader io.Reader, done func()) {
	raw, ok := r.Context().Value(connKey{}).(syscall.RawConn)
	if !ok || r.ContentLength < largePiece/4 {
		return body, func() {}
	}
	w := &whole{Reader: body, left: r.ContentLength, raw: raw, low: 1}
	return w, func() { w.wait(1) }
}

// Read waits for all that is left, up to largePiece and the size of p.
func (w *whole) Read(p []byte) (int, error) {
	if w.begun {
		w.wait(int(min(w.left, largePiece, int64(len(p)))))
	}
	n, err := w.Reader.Read(p)
	w.begun = true
	w.left -= int64(n)
	return n, err
}

// wait sets how many bytes must have come before a waiting reader is woken. Where the system
// does not do it, it is woken earlier.
func (w *whole) wait(n int) {
	if n = max(n, 1); n != w.low {
		w.low = n
		w.raw.Control(func(fd uintptr) { setLowWater(fd, n) })
	}
}
