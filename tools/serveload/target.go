package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"

	pb "github.com/octet-ml/octet/serve/rpc/inferencepb"
	"github.com/octet-ml/octet/tensor"
)

// Statuses that checks name.
const (
	fine    = http.StatusOK
	tooMany = http.StatusTooManyRequests
	expired = http.StatusGatewayTimeout
)

// target is a model of a server, with one float32 input, and clients of it.
type target struct {
	server *process
	name   string // of the model
	input  string // its name
	client *http.Client
	conn   *grpc.ClientConn
}

// to connects to a model of a server.
func to(p *process, name string) (*target, error) {
	t := &target{server: p, name: name, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1 << 10, DisableCompression: true}}}
	var err error
	t.conn, err = grpc.NewClient(p.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(1<<30), grpc.MaxCallRecvMsgSize(1<<30)))
	if err != nil {
		return nil, err
	}
	var m pb.ModelMetadataResponse
	if err := t.invoke(context.Background(), "ModelMetadata", &pb.ModelMetadataRequest{Name: name}, &m); err != nil {
		return nil, err
	}
	if len(m.Inputs) != 1 || m.Inputs[0].Datatype != "FP32" {
		return nil, fmt.Errorf("model %s takes %v; one input of FP32 is what is sent here", name, m.Inputs)
	}
	t.input = m.Inputs[0].Name
	return t, nil
}

func (t *target) close() {
	t.client.CloseIdleConnections()
	t.conn.Close()
}

// invoke calls a method of the protocol.
func (t *target) invoke(ctx context.Context, method string, q, a any, opts ...grpc.CallOption) error {
	return t.conn.Invoke(ctx, "/inference.GRPCInferenceService/"+method, q, a, opts...)
}

// executions is how many computations the model has made, and how long one took on average.
func (t *target) executions() (n uint64, each time.Duration, err error) {
	var a pb.ModelStatisticsResponse
	if err := t.invoke(context.Background(), "ModelStatistics", &pb.ModelStatisticsRequest{Name: t.name}, &a); err != nil {
		return 0, 0, err
	}
	for _, m := range a.ModelStats {
		n += m.ExecutionCount
		s := m.InferenceStats
		each += time.Duration(s.ComputeInput.Ns + s.ComputeInfer.Ns + s.ComputeOutput.Ns)
	}
	return n, each / time.Duration(max(n, 1)), nil
}

// noise is random input, the same for a seed.
func noise(seed uint64, shape ...int) *tensor.Tensor {
	x, r := tensor.New(tensor.Float32, shape...), rand.New(rand.NewPCG(seed, 1))
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	return x
}

// photo is a random JPEG file.
func photo(seed uint64, h, w int) ([]byte, error) {
	m, r := image.NewGray(image.Rect(0, 0, w, h)), rand.New(rand.NewPCG(seed, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, m, nil)
	return b.Bytes(), err
}

const headLength = "Inference-Header-Content-Length"

// post is a query of an HTTP body; header are names and values in turn. read takes the output
// from the answer.
func (t *target) post(body []byte, read func(http.Header, []byte) ([]byte, error), header ...string) query {
	url := t.server.http + "/v2/models/" + t.name + "/infer"
	return func(ctx context.Context) (int, []byte, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return 0, nil, err
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		a, err := t.client.Do(r)
		if err != nil {
			return 0, nil, err
		}
		defer a.Body.Close()
		b, err := io.ReadAll(a.Body)
		if err == nil && a.StatusCode == fine {
			b, err = read(a.Header, b)
		}
		return a.StatusCode, b, err
	}
}

// raw sends elements behind JSON and takes such an answer; more are further fields of the JSON.
func (t *target) raw(x *tensor.Tensor, more string) query {
	shape, _ := json.Marshal(x.Shape())
	head := fmt.Appendf(nil, `{"parameters":{"binary_data_output":true%s},"inputs":[{"name":%q,"datatype":"FP32","shape":%s,"parameters":{"binary_data_size":%d}}]}`,
		more, t.input, shape, len(x.Bytes()))
	return t.post(append(head, x.Bytes()...), behind, headLength, strconv.Itoa(len(head)))
}

// behind is the data behind the JSON of an answer.
func behind(h http.Header, b []byte) ([]byte, error) {
	n, err := strconv.Atoi(h.Get(headLength))
	if err != nil || n > len(b) {
		return nil, fmt.Errorf("the answer has %s %q", headLength, h.Get(headLength))
	}
	return b[n:], nil
}

// text sends numbers in JSON and takes such an answer.
func (t *target) text(x *tensor.Tensor) query {
	shape, _ := json.Marshal(x.Shape())
	b := fmt.Appendf(nil, `{"inputs":[{"name":%q,"datatype":"FP32","shape":%s,"data":[`, t.input, shape)
	for i, v := range x.Float32s() {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, float64(v), 'g', -1, 32)
	}
	return t.post(append(b, "]}]}"...), func(_ http.Header, b []byte) ([]byte, error) {
		var a struct{ Outputs []struct{ Data []float32 } }
		if err := json.Unmarshal(b, &a); err != nil || len(a.Outputs) == 0 {
			return nil, fmt.Errorf("the answer is %.200q: %w", b, err)
		}
		var elements []byte
		for _, v := range a.Outputs[0].Data {
			elements = tensorBytes(elements, v)
		}
		return elements, nil
	})
}

func tensorBytes(b []byte, v float32) []byte {
	n := math.Float32bits(v)
	return append(b, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
}

// picture sends an image file and takes the classes that are likeliest.
func (t *target) picture(file []byte) query {
	return t.post(file, func(_ http.Header, b []byte) ([]byte, error) { return b, nil }, "Content-Type", "image/jpeg")
}

// call is a query over gRPC.
func (t *target) call(x *tensor.Tensor, opts ...grpc.CallOption) query {
	q := &pb.ModelInferRequest{ModelName: t.name, RawInputContents: [][]byte{x.Bytes()}}
	in := &pb.ModelInferRequest_InferInputTensor{Name: t.input, Datatype: "FP32"}
	for _, n := range x.Shape() {
		in.Shape = append(in.Shape, int64(n))
	}
	q.Inputs = append(q.Inputs, in)
	return t.ask(q, opts...)
}

// ask sends a message of gRPC.
func (t *target) ask(q *pb.ModelInferRequest, opts ...grpc.CallOption) query {
	return func(ctx context.Context) (int, []byte, error) {
		var a pb.ModelInferResponse
		err := t.invoke(ctx, "ModelInfer", q, &a, opts...)
		if err != nil {
			if code, known := statuses[status.Code(err)]; known {
				return code, []byte(err.Error()), nil
			}
			return 0, nil, err
		}
		if len(a.RawOutputContents) == 0 {
			return 0, nil, fmt.Errorf("the answer has no elements")
		}
		return fine, a.RawOutputContents[0], nil
	}
}

// packed is a call whose message is packed.
var packed = grpc.UseCompressor(gzip.Name)

// statuses are HTTP's for gRPC's codes.
var statuses = map[codes.Code]int{
	codes.InvalidArgument: http.StatusBadRequest, codes.NotFound: http.StatusNotFound, codes.ResourceExhausted: tooMany,
	codes.DeadlineExceeded: expired, codes.Unavailable: http.StatusServiceUnavailable, codes.Internal: http.StatusInternalServerError,
}

// stem is the name under which a file is served.
func stem(file string) string { return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)) }
