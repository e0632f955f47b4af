package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/tensor"
)

const demo = "../../cmd/octet/demodata/fashion_resnet8.pth"

// two is an ONNX file with two inputs and two outputs: sum of float32 [N, 2], and int64 [3]
// given back.
func two() []byte {
	return onnxtest.Model(
		onnxtest.Input("a", onnxtest.Float32, "N", 2), onnxtest.Input("b", onnxtest.Float32, "N", 2), onnxtest.Input("i", onnxtest.Int64, 3),
		onnxtest.Output("sum", onnxtest.Float32, "N", 2), onnxtest.Output("same", onnxtest.Int64, 3),
		onnxtest.Node("Add", []string{"a", "b"}, []string{"sum"}), onnxtest.Node("Identity", []string{"i"}, []string{"same"}))
}

// testServer is a server with the demo's model and "two".
type testServer struct {
	*httptest.Server
	host *serve.Host
}

func newServer(t testing.TB, o Options, h serve.Options) *testServer {
	t.Helper()
	file := filepath.Join(t.TempDir(), "two.onnx")
	if err := os.WriteFile(file, two(), 0o644); err != nil {
		t.Fatal(err)
	}
	h.Paths = []string{demo, file}
	host := serve.NewHost(h)
	if err := host.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &testServer{httptest.NewServer(New(host, o)), host}
	t.Cleanup(s.Close)
	return s
}

// reply is an answer that was read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// document decodes the answer's JSON.
func (r reply) document(t *testing.T) map[string]any {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal(r.body, &d); err != nil {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	return d
}

// send makes a request; header are names and values in turn.
func (s *testServer) send(t *testing.T, method, path string, body io.Reader, header ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a, err := http.DefaultTransport.RoundTrip(r) // which packs and unpacks nothing that was asked for
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{a.StatusCode, a.Header, b}
}

func (s *testServer) get(t *testing.T, path string) reply {
	t.Helper()
	return s.send(t, http.MethodGet, path, nil)
}

func (s *testServer) post(t *testing.T, path, body string, header ...string) reply {
	t.Helper()
	return s.send(t, http.MethodPost, path, strings.NewReader(body), header...)
}

// refused checks that an answer is an error as the protocol has them.
func (r reply) refused(t *testing.T, what string, status int, part string) {
	t.Helper()
	var d struct{ Error string }
	if err := json.Unmarshal(r.body, &d); err != nil || d.Error == "" {
		t.Errorf("%s: the answer %d is no error in JSON: %s", what, r.status, r.body)
	}
	if r.status != status || !strings.Contains(d.Error, part) || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %d %q, want %d with %q", what, r.status, d.Error, status, part)
	}
}

const (
	inferDemo = "/v2/models/fashion_resnet8/infer"
	inferTwo  = "/v2/models/two/infer"
)

// noise is random input for the demo's model.
func noise(t testing.TB, n int) *tensor.Tensor {
	t.Helper()
	r := testseed.Rand(t)
	x := tensor.New(tensor.Float32, n, 1, 28, 28)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	return x
}

// picture is a random image file for it.
func picture(t testing.TB) []byte {
	t.Helper()
	r, m := testseed.Rand(t), image.NewGray(image.Rect(0, 0, 28, 28))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// logits is what the host itself answers.
func (s *testServer) logits(t *testing.T, in serve.Input) *tensor.Tensor {
	t.Helper()
	in.Name = "x"
	r, err := s.host.Infer(t.Context(), "fashion_resnet8", "", &serve.Request{Inputs: []serve.Input{in}})
	if err != nil {
		t.Fatal(err)
	}
	return r.Outputs[0].Data
}

// binaryRequest is JSON and the bytes of a tensor behind it, and the length of the JSON.
func binaryRequest(x *tensor.Tensor, more string) (body, length string) {
	head := fmt.Sprintf(`{"inputs":[{"name":"x","shape":[%d,1,28,28],"datatype":"FP32","parameters":{"binary_data_size":%d}}]%s}`, x.Dim(0), len(x.Bytes()), more)
	return head + string(x.Bytes()), fmt.Sprint(len(head))
}
