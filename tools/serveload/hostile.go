package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/octet-ml/octet/serve/rpc/inferencepb"
)

// attack is a request that must be refused: with a status of 400 to 499, or by closing the
// connection.
type attack struct {
	name string
	// send writes the request to a new connection; the answer is read beside it, until the
	// server has answered.
	send  func(w io.Writer) error
	times int // at a time
}

// hostile sends what no client means, and a usual request after each. Nothing but refusals may
// come, and memory must stay within its bound.
func hostile(ctx context.Context, s *setting) error {
	return s.serve(func(t *target) error {
		usual := t.raw(s.input(1, 1), "")
		_, want, err := usual(ctx)
		if err != nil {
			return err
		}
		idle, _, err := t.server.resident()
		if err != nil {
			return err
		}
		attacks := t.attacks()
		for _, a := range attacks {
			failed := make(chan error, a.times)
			for range a.times {
				go func() { failed <- a.refused(strings.TrimPrefix(t.server.http, "http://")) }()
			}
			for range a.times {
				if err := <-failed; err != nil {
					return fmt.Errorf("%s: %w", a.name, err)
				}
			}
			if status, got, err := usual(ctx); status != fine || !bytes.Equal(got, want) {
				return fmt.Errorf("a usual request after %s: %d, %w", a.name, status, err)
			}
		}
		messages := t.messages()
		for name, q := range messages {
			if status, answer, err := t.ask(q)(ctx); status < 400 || status > 499 {
				return fmt.Errorf("gRPC, %s: %d %.200q, %w", name, status, answer, err)
			}
		}
		if status, answer, err := t.ask(&pb.ModelInferRequest{ModelName: t.name, RawInputContents: [][]byte{make([]byte, 512<<20)}}, packed)(ctx); status < 400 || status > 499 {
			return fmt.Errorf("gRPC, a packed message of 512 MiB: %d %.200q, %w", status, answer, err)
		}
		if status, got, err := t.call(s.input(1, 1))(ctx); status != fine || !bytes.Equal(got, want) {
			return fmt.Errorf("a usual call at the end: %d, %w", status, err)
		}
		_, peak, err := t.server.resident()
		if err != nil {
			return err
		}
		s.say("%d requests over HTTP and %d over gRPC refused; memory %d MiB idle, %d MiB at its peak, promised %d MiB more at most",
			len(attacks), len(messages)+1, idle>>20, peak>>20, s.memory>>20)
		if peak-idle > s.memory {
			return fmt.Errorf("memory has grown by %d MiB", (peak-idle)>>20)
		}
		return nil
	}, "--control")
}

// refused sends an attack on a connection of its own and reads the answer.
func (a attack) refused(address string) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(90 * time.Second))
	sent := make(chan error, 1)
	go func() { sent <- a.send(c) }()
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		if e, slow := err.(net.Error); slow && e.Timeout() {
			return fmt.Errorf("no answer: %w", err)
		}
		return nil // closed
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode < 400 || answer.StatusCode > 499 {
		return fmt.Errorf("%d %.200q", answer.StatusCode, text)
	}
	return nil
}

// attacks are those over HTTP.
func (t *target) attacks() []attack {
	place := "/v2/models/" + t.name + "/infer"
	body := func(content []byte, header ...string) func(io.Writer) error {
		return func(w io.Writer) error {
			fmt.Fprintf(w, "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n", place, len(content))
			for _, h := range header {
				fmt.Fprintf(w, "%s\r\n", h)
			}
			io.WriteString(w, "\r\n")
			_, err := w.Write(content)
			return err
		}
	}
	line := func(method, path string) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", method, path)
			return err
		}
	}
	one := func(fields string) func(io.Writer) error {
		return body(fmt.Appendf(nil, `{"inputs":[{"name":%q,%s}]}`, t.input, fields))
	}
	const over = 65 << 20
	large := bytes.Repeat([]byte(" "), over)
	list := []attack{
		{"65 MiB", body(large), 4},
		{"65 MiB in chunks", chunks(place, large, 1<<20), 4},
		{"a million chunks of a byte", chunks(place, large[:1_000_000], 1), 2},
		{"a chunk of 2^72 bytes", func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc", place)
			return err
		}, 1},
		{"a length and chunks", func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", place)
			return err
		}, 1},
		{"a gzip bomb of 10 GB", body(bomb(10_000_000_000), "Content-Encoding: gzip"), 8},
		{"a PNG of 65536 x 65536", body(vast(65536, 65536), "Content-Type: image/png"), 8},
		{"a PNG of 2^31 x 2^31", body(vast(1<<31-1, 1<<31-1), "Content-Type: image/png"), 1},
		{"an image that is an address", body([]byte("http://127.0.0.1/cat.jpg"), "Content-Type: image/jpeg"), 1},
		{"a form without an end", body([]byte("--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n"), "Content-Type: multipart/form-data; boundary=b"), 1},
		{"65536 headers", func(w io.Writer) error {
			_, err := io.WriteString(w, "GET /v2 HTTP/1.1\r\nHost: x\r\n"+strings.Repeat("X-A: b\r\n", 1<<16)+"\r\n")
			return err
		}, 1},
		{"nested JSON", body(bytes.Repeat([]byte("["), 1_000_000)), 1},
		{"nested objects", body(bytes.Repeat([]byte(`{"a":`), 1_000_000)), 1},
		{"a shape that overflows", one(`"datatype":"FP32","shape":[4294967296,4294967296],"data":[1]`), 1},
		{"a shape whose bytes overflow", one(`"datatype":"FP64","shape":[2305843009213693952],"data":[1]`), 1},
		{"a shape of a billion", one(`"datatype":"FP32","shape":[1000000000],"data":[1]`), 1},
		{"a negative extent", one(`"datatype":"FP32","shape":[-1,1,28,28],"data":[1]`), 1},
		{"half an extent", one(`"datatype":"FP32","shape":[1.5],"data":[1]`), 1},
		{"no data", one(`"datatype":"FP32","shape":[1]`), 1},
		{"a billion bytes of BYTES", one(`"datatype":"BYTES","shape":[1000000000],"data":["AA=="]`), 1},
		{"a head longer than the body", body([]byte(`{"inputs":[]}`), headLength+": 99999999"), 1},
		{"a head of negative length", body([]byte(`{"inputs":[]}`), headLength+": -1"), 1},
		{"a head of 2^64 bytes", body([]byte(`{"inputs":[]}`), headLength+": 18446744073709551616"), 1},
		{"binary data that is not there", one(`"datatype":"FP32","shape":[1,1,28,28],"parameters":{"binary_data_size":3136}`), 1},
	}
	for _, path := range []string{
		"/v2/models/../../../etc/passwd", "/v2/models/..%2f..%2fetc%2fpasswd/infer", "/v2/models/%2e%2e%2f%2e%2e/infer", "/v2/models/a%00b/infer", "/v2/models/%zz/infer",
	} {
		list = append(list, attack{"POST " + path, line("POST", path), 1}, attack{"GET " + path, line("GET", path), 1})
	}
	for _, name := range []string{"..", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "%2e%2e%2fother", "http:%2f%2f127.0.0.1%2fm.onnx"} {
		list = append(list, attack{"load " + name, line("POST", "/v2/repository/models/"+name+"/load"), 1})
	}
	return list
}

// messages are attacks over gRPC.
func (t *target) messages() map[string]*pb.ModelInferRequest {
	of := func(raw []byte, datatype string, shape ...int64) *pb.ModelInferRequest {
		return &pb.ModelInferRequest{ModelName: t.name, RawInputContents: [][]byte{raw}, Inputs: []*pb.ModelInferRequest_InferInputTensor{{Name: t.input, Datatype: datatype, Shape: shape}}}
	}
	both := proto.Clone(of(make([]byte, 4), "FP32", 1)).(*pb.ModelInferRequest)
	both.Inputs[0].Contents = &pb.InferTensorContents{Fp32Contents: []float32{1}}
	return map[string]*pb.ModelInferRequest{
		"65 MiB":                       of(make([]byte, 65<<20), "FP32", 65<<18),
		"a shape that overflows":       of(make([]byte, 4), "FP32", 1<<32, 1<<32),
		"a shape whose bytes overflow": of(make([]byte, 4), "FP64", 1<<31-1, 1<<31-1),
		"a negative extent":            of(make([]byte, 4), "FP32", -1),
		"too few bytes":                of(make([]byte, 3), "FP32", 1),
		"an unknown datatype":          of(make([]byte, 4), "FP7", 1),
		"BYTES of a wrong length":      of([]byte{255, 255, 255, 255}, "BYTES", 1),
		"two kinds of contents":        both,
		"no inputs":                    {ModelName: t.name},
		"a model with a path":          {ModelName: "../../etc/passwd"},
	}
}

// chunks sends a body without its length, in chunks of a size.
func chunks(place string, content []byte, size int) func(io.Writer) error {
	return func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 1<<16)
		fmt.Fprintf(b, "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n", place)
		for content := content; len(content) > 0; {
			n := min(size, len(content))
			fmt.Fprintf(b, "%x\r\n%s\r\n", n, content[:n])
			content = content[n:]
		}
		io.WriteString(b, "0\r\n\r\n")
		return b.Flush()
	}
}

// bomb is gzip that unpacks to so many spaces: members of 10 MB each.
func bomb(size int) []byte {
	const member = 10_000_000
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(bytes.Repeat([]byte(" "), member))
	z.Close()
	return bytes.Repeat(b.Bytes(), size/member)
}

// vast is the beginning of a PNG file of a size that nobody has memory for.
func vast(w, h uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), w), h)
	head = append(head, 8, 6, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(append(b, head...), crc32.ChecksumIEEE(head))
	return append(b, "\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e"...)
}
