package rpc

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/serve"
	pb "github.com/octet-ml/octet/serve/rpc/inferencepb"
	"github.com/octet-ml/octet/tensor"
)

// part begins a call over a connection of its own and sends the first bytes of its message; ended
// is sent what became of the call.
func part(t *testing.T, address string, message []byte) (rest *io.PipeWriter, ended chan error) {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	body, w := io.Pipe()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/"+serviceName+"/ModelInfer", body)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/grpc")
	q.Header.Set("Te", "trailers")
	ended = make(chan error, 1)
	go func() {
		r, err := transport.RoundTrip(q)
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
			r.Body.Close()
		}
		ended <- err
	}()
	t.Cleanup(func() {
		w.Close()
		transport.CloseIdleConnections()
	})
	if _, err := w.Write(message); err != nil {
		t.Fatal(err)
	}
	return w, ended
}

// holds waits until the parts of messages that have come satisfy a condition.
func (a *arriving) holds(is func(bytes int64) bool) {
	for {
		a.mu.Lock()
		bytes := a.bytes
		a.mu.Unlock()
		if is(bytes) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// TestMessagesInPart: where too much has come of messages that are not whole, who has sent most of
// it is closed; others are answered, and nothing is counted at the end.
func TestMessagesInPart(t *testing.T) {
	r := testseed.Rand(t)
	const limit = 200_000
	host := serve.NewHost(serve.Options{Paths: []string{demo}})
	if err := host.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := New(host, Options{MaxPending: limit, MaxMessage: limit})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(s.Close)
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{conn, s, host}
	answered := func() {
		t.Helper()
		for range 3 {
			if _, err := call[pb.ModelInferResponse](c, t.Context(), "ModelInfer", demoRequest(noise(t, 1+r.IntN(3)))); err != nil {
				t.Fatal(err)
			}
		}
	}
	none := func(n int64) bool { return n < 1000 } // pings may be among them
	answered()
	s.arriving.holds(none)

	message, err := proto.Marshal(demoRequest(tensor.New(tensor.Float32, 60, 1, 28, 28))) // 188 kB
	if err != nil {
		t.Fatal(err)
	}
	whole := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
	first := 110_000 + r.IntN(40_000)
	_, most := part(t, l.Addr().String(), whole[:first])
	s.arriving.holds(func(n int64) bool { return n > int64(first)-1000 })
	answered()
	second := limit - first + 5000 // less than the first
	rest, less := part(t, l.Addr().String(), whole[:second])
	if err := <-most; err == nil {
		t.Error("the connection that has sent most was not closed")
	}
	answered()
	s.arriving.holds(func(n int64) bool { return n > 0 && n < int64(first) })
	if _, err := rest.Write(whole[second : second+10_000]); err != nil {
		t.Error(err)
	}
	rest.CloseWithError(io.ErrUnexpectedEOF) // the client gives up
	if err := <-less; err == nil {
		t.Error("half a message was answered")
	}
	answered()
	s.arriving.holds(none)
}
