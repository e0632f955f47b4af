package rest

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// within is a connection around another.
type within struct{ net.Conn }

func (w within) NetConn() net.Conn { return w.Conn }

// withinListener gives out connections around others.
type withinListener struct{ net.Listener }

func (l withinListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return within{c}, err
}

// Bodies of any size come whole, one after another on a connection, however the client splits
// them.
func TestBodiesInPieces(t *testing.T) {
	r := testseed.Rand(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if _, ok := q.Context().Value(connKey{}).(syscall.RawConn); !ok {
			t.Error("the connection is not known")
		}
		pieces, done := inPieces(q, q.Body)
		defer done()
		if q.URL.Path == "/refused" {
			discard(pieces)
			return
		}
		body, err := io.ReadAll(pieces)
		if err != nil {
			t.Error(err)
		}
		w.Write(body)
	}))
	s.Listener = withinListener{s.Listener}
	s.Config.ConnContext = ConnContext
	s.Start()
	defer s.Close()
	for range 20 {
		body := make([]byte, r.IntN(3*largePiece))
		for i := range body {
			body[i] = uint8(r.Uint32())
		}
		for _, path := range []string{"/", "/refused"} {
			split := func(p []byte) int { return 1 + r.IntN(len(p)) }
			q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, &splitReader{body, split})
			if err != nil {
				t.Fatal(err)
			}
			q.ContentLength = int64(len(body))
			a, err := s.Client().Do(q)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(a.Body)
			a.Body.Close()
			want := body
			if path == "/refused" {
				want = nil
			}
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: %d of %d bytes, %v", path, len(got), len(want), err)
			}
		}
	}
}

// splitReader gives parts of a text.
type splitReader struct {
	text []byte
	n    func([]byte) int
}

func (s *splitReader) Read(p []byte) (int, error) {
	if len(s.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:s.n(p)], s.text)
	s.text = s.text[n:]
	return n, nil
}

// What is encrypted comes in pieces of its own.
func TestEncryptedConnectionsAreLeftAlone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	socket, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	pipe, end := net.Pipe()
	defer pipe.Close()
	defer end.Close()
	for _, c := range []struct {
		conn net.Conn
		want bool
	}{{socket, true}, {within{within{socket}}, true}, {tls.Server(socket, nil), false}, {within{tls.Server(within{socket}, nil)}, false}, {pipe, false}, {within{pipe}, false}} {
		if ctx := ConnContext(t.Context(), c.conn); (ctx.Value(connKey{}) != nil) != c.want {
			t.Errorf("%T: known %v", c.conn, !c.want)
		}
	}
}
