package rpc

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	health1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflection1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/serve"
	pb "github.com/octet-ml/octet/serve/rpc/inferencepb"
	"github.com/octet-ml/octet/tensor"
)

const demo = "../../cmd/octet/demodata/fashion_resnet8.pth"

// client is a connection to a server of the demo's model and of "two": sum of float32 [N, 2],
// and int64 [3] given back.
type client struct {
	*grpc.ClientConn
	server *Server
	host   *serve.Host
}

func newClient(t testing.TB, o Options, h serve.Options) *client {
	t.Helper()
	file := filepath.Join(t.TempDir(), "two.onnx")
	err := os.WriteFile(file, onnxtest.Model(
		onnxtest.Input("a", onnxtest.Float32, "N", 2), onnxtest.Input("b", onnxtest.Float32, "N", 2), onnxtest.Input("i", onnxtest.Int64, 3),
		onnxtest.Output("sum", onnxtest.Float32, "N", 2), onnxtest.Output("same", onnxtest.Int64, 3),
		onnxtest.Node("Add", []string{"a", "b"}, []string{"sum"}), onnxtest.Node("Identity", []string{"i"}, []string{"same"})), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	h.Paths = []string{demo, file}
	host := serve.NewHost(h)
	if err := host.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, l := New(host, o), bufconn.Listen(1<<20)
	go s.Serve(l)
	conn, err := grpc.NewClient("passthrough:test", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		s.Close()
	})
	return &client{conn, s, host}
}

// call asks a method of the protocol.
func call[A any](c *client, ctx context.Context, method string, q proto.Message) (*A, error) {
	a := new(A)
	return a, c.Invoke(ctx, "/"+serviceName+"/"+method, q, a)
}

// refused checks the code of an error and a part of its message.
func refused(t *testing.T, what string, err error, code codes.Code, part string) {
	t.Helper()
	if s := status.Convert(err); s.Code() != code || !strings.Contains(s.Message(), part) {
		t.Errorf("%s: %v %q, want %v with %q", what, s.Code(), s.Message(), code, part)
	}
}

func TestMethods(t *testing.T) {
	c, ctx := newClient(t, Options{Version: "v1.2.3"}, serve.Options{}), t.Context()
	if a, err := call[pb.ServerLiveResponse](c, ctx, "ServerLive", &pb.ServerLiveRequest{}); err != nil || !a.Live {
		t.Error(a, err)
	}
	if a, err := call[pb.ServerReadyResponse](c, ctx, "ServerReady", &pb.ServerReadyRequest{}); err != nil || !a.Ready {
		t.Error(a, err)
	}
	if a, err := call[pb.ModelReadyResponse](c, ctx, "ModelReady", &pb.ModelReadyRequest{Name: "two", Version: "1"}); err != nil || !a.Ready {
		t.Error(a, err)
	}
	if a, err := call[pb.ServerMetadataResponse](c, ctx, "ServerMetadata", &pb.ServerMetadataRequest{}); err != nil || a.Name != "octet" || a.Version != "v1.2.3" {
		t.Error(a, err)
	}
	m, err := call[pb.ModelMetadataResponse](c, ctx, "ModelMetadata", &pb.ModelMetadataRequest{Name: "two"})
	want := &pb.ModelMetadataResponse{
		Name: "two", Versions: []string{"1"}, Platform: "octet_onnx",
		Inputs: []*pb.ModelMetadataResponse_TensorMetadata{
			{Name: "a", Datatype: "FP32", Shape: []int64{-1, 2}}, {Name: "b", Datatype: "FP32", Shape: []int64{-1, 2}}, {Name: "i", Datatype: "INT64", Shape: []int64{3}},
		},
		Outputs: []*pb.ModelMetadataResponse_TensorMetadata{{Name: "sum", Datatype: "FP32", Shape: []int64{-1, 2}}, {Name: "same", Datatype: "INT64", Shape: []int64{3}}},
	}
	if err != nil || !proto.Equal(m, want) {
		t.Error(m, err)
	}
	for _, method := range []string{"ModelReady", "ModelMetadata", "ModelStatistics"} {
		_, err := call[pb.ModelReadyResponse](c, ctx, method, &pb.ModelReadyRequest{Name: "none"})
		refused(t, method, err, codes.NotFound, `"none" is not served`)
		_, err = call[pb.ModelReadyResponse](c, ctx, method, &pb.ModelReadyRequest{Name: "two", Version: "7"})
		refused(t, method, err, codes.NotFound, `no version "7"`)
	}
	for _, method := range []string{"ModelConfig", "SystemSharedMemoryStatus", "TraceSetting"} {
		_, err := call[pb.ServerLiveResponse](c, ctx, method, &pb.ServerLiveRequest{})
		refused(t, method, err, codes.Unimplemented, method)
	}
	index, err := call[pb.RepositoryIndexResponse](c, ctx, "RepositoryIndex", &pb.RepositoryIndexRequest{})
	if err != nil || len(index.Models) != 2 || index.Models[0].State != "READY" {
		t.Error(index, err)
	}
	_, err = call[pb.RepositoryModelUnloadResponse](c, ctx, "RepositoryModelUnload", &pb.RepositoryModelUnloadRequest{ModelName: "two"})
	refused(t, "unload", err, codes.PermissionDenied, "--control")
	c.host.Drain()
	if a, err := call[pb.ServerReadyResponse](c, ctx, "ServerReady", &pb.ServerReadyRequest{}); err != nil || a.Ready {
		t.Error(a, err)
	}
}

func TestControl(t *testing.T) {
	c, ctx := newClient(t, Options{}, serve.Options{Control: true}), t.Context()
	if _, err := call[pb.RepositoryModelUnloadResponse](c, ctx, "RepositoryModelUnload", &pb.RepositoryModelUnloadRequest{ModelName: "two"}); err != nil {
		t.Error(err)
	}
	if a, err := call[pb.ModelReadyResponse](c, ctx, "ModelReady", &pb.ModelReadyRequest{Name: "two"}); err != nil || a.Ready {
		t.Error(a, err)
	}
	_, err := call[pb.ModelInferResponse](c, ctx, "ModelInfer", &pb.ModelInferRequest{ModelName: "two"})
	refused(t, "unloaded", err, codes.Unavailable, "unloaded")
	_, err = call[pb.RepositoryModelLoadResponse](c, ctx, "RepositoryModelLoad", &pb.RepositoryModelLoadRequest{ModelName: "two", Parameters: map[string]*pb.ModelRepositoryParameter{"config": {}}})
	refused(t, "config", err, codes.InvalidArgument, "parameter config")
	if _, err := call[pb.RepositoryModelLoadResponse](c, ctx, "RepositoryModelLoad", &pb.RepositoryModelLoadRequest{ModelName: "two"}); err != nil {
		t.Error(err)
	}
	_, err = call[pb.RepositoryModelLoadResponse](c, ctx, "RepositoryModelLoad", &pb.RepositoryModelLoadRequest{ModelName: "../two"})
	refused(t, "a path", err, codes.NotFound, "no model")
}

// twoRequest is a request for "two" with its elements in contents.
func twoRequest() *pb.ModelInferRequest {
	return &pb.ModelInferRequest{ModelName: "two", Id: "7", Inputs: []*pb.ModelInferRequest_InferInputTensor{
		{Name: "i", Datatype: "INT64", Shape: []int64{3}, Contents: &pb.InferTensorContents{Int64Contents: []int64{1, -2, 3}}},
		{Name: "a", Datatype: "FP32", Shape: []int64{1, 2}, Contents: &pb.InferTensorContents{Fp32Contents: []float32{1, 2}}},
		{Name: "b", Datatype: "FP32", Shape: []int64{1, 2}, Contents: &pb.InferTensorContents{Fp32Contents: []float32{10, 20}}},
	}}
}

// demoRequest is a request for the demo's model with raw elements.
func demoRequest(x *tensor.Tensor) *pb.ModelInferRequest {
	return &pb.ModelInferRequest{
		ModelName: "fashion_resnet8", Inputs: []*pb.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "FP32", Shape: extents(x.Shape())}}, RawInputContents: [][]byte{x.Bytes()},
	}
}

func noise(t testing.TB, n int) *tensor.Tensor {
	r, x := testseed.Rand(t), tensor.New(tensor.Float32, n, 1, 28, 28)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	return x
}

func logits(t *testing.T, h *serve.Host, x *tensor.Tensor) []byte {
	t.Helper()
	r, err := h.Infer(t.Context(), "fashion_resnet8", "", &serve.Request{Inputs: []serve.Input{{Name: "x", Data: x}}})
	if err != nil {
		t.Fatal(err)
	}
	return r.Outputs[0].Raw()
}

func TestInfer(t *testing.T) {
	c, ctx := newClient(t, Options{}, serve.Options{}), t.Context()
	a, err := call[pb.ModelInferResponse](c, ctx, "ModelInfer", twoRequest())
	want := &pb.ModelInferResponse{ModelName: "two", ModelVersion: "1", Id: "7", Outputs: []*pb.ModelInferResponse_InferOutputTensor{
		{Name: "sum", Datatype: "FP32", Shape: []int64{1, 2}, Contents: &pb.InferTensorContents{Fp32Contents: []float32{11, 22}}},
		{Name: "same", Datatype: "INT64", Shape: []int64{3}, Contents: &pb.InferTensorContents{Int64Contents: []int64{1, -2, 3}}},
	}}
	if err != nil || !proto.Equal(a, want) {
		t.Error(a, err)
	}
	x := noise(t, 2)
	q := demoRequest(x)
	if a, err = call[pb.ModelInferResponse](c, ctx, "ModelInfer", q); err != nil || len(a.RawOutputContents) != 1 || !bytes.Equal(a.RawOutputContents[0], logits(t, c.host, x)) {
		t.Error(a, err)
	}
	q.Outputs = []*pb.ModelInferRequest_InferRequestedOutputTensor{{Name: "fc", Parameters: map[string]*pb.InferParameter{"classification": {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: 2}}}}}
	if a, err = call[pb.ModelInferResponse](c, ctx, "ModelInfer", q); err != nil || a.Outputs[0].Datatype != "BYTES" || bytes.Count(a.RawOutputContents[0], []byte(":")) != 8 {
		t.Error(a, err)
	}
	image := func(content string) *pb.ModelInferRequest {
		return &pb.ModelInferRequest{ModelName: "fashion_resnet8", Inputs: []*pb.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "BYTES", Shape: []int64{1}, Contents: &pb.InferTensorContents{BytesContents: [][]byte{[]byte(content)}}}}}
	}
	_, err = call[pb.ModelInferResponse](c, ctx, "ModelInfer", image("https://example.org/cat.jpg"))
	refused(t, "an address", err, codes.InvalidArgument, "not an image")

	for what, change := range map[string]func(q *pb.ModelInferRequest){
		"fp32_contents, and has int_contents": func(q *pb.ModelInferRequest) {
			q.Inputs[1].Contents = &pb.InferTensorContents{IntContents: []int32{1, 2}}
		},
		"and has fp32_contents, bytes_contents": func(q *pb.ModelInferRequest) { q.Inputs[1].Contents.BytesContents = [][]byte{{1}} },
		"has 2 elements in fp32_contents":       func(q *pb.ModelInferRequest) { q.Inputs[1].Shape = []int64{2, 2} },
		"extent of -1":                          func(q *pb.ModelInferRequest) { q.Inputs[1].Shape = []int64{-1, -2} },
		"extent of 1099511627776":               func(q *pb.ModelInferRequest) { q.Inputs[1].Shape = []int64{1 << 40, 1 << 40} },
		"FP16 has no contents":                  func(q *pb.ModelInferRequest) { q.Inputs[1].Datatype = "FP16" },
		`datatype "FLOAT"`:                      func(q *pb.ModelInferRequest) { q.Inputs[1].Datatype = "FLOAT" },
		"no INT8":                               func(q *pb.ModelInferRequest) { q.Inputs[0] = narrowInput("INT8", 128) },
		"both contents and raw":                 func(q *pb.ModelInferRequest) { q.RawInputContents = [][]byte{{}, {}, {}} },
		"3 inputs and 1 raw_input_contents":     func(q *pb.ModelInferRequest) { q.RawInputContents = [][]byte{{}} },
		"given twice":                           func(q *pb.ModelInferRequest) { q.Inputs = append(q.Inputs, q.Inputs[0]) },
		"is missing":                            func(q *pb.ModelInferRequest) { q.Inputs = q.Inputs[1:] },
		`no input "z"`:                          func(q *pb.ModelInferRequest) { q.Inputs[0].Name = "z" },
		`no output "z"`: func(q *pb.ModelInferRequest) {
			q.Outputs = []*pb.ModelInferRequest_InferRequestedOutputTensor{{Name: "z"}}
		},
		"no state": func(q *pb.ModelInferRequest) {
			q.Parameters = map[string]*pb.InferParameter{"sequence_id": {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: 5}}}
		},
		"timeout -5": func(q *pb.ModelInferRequest) {
			q.Parameters = map[string]*pb.InferParameter{"timeout": {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: -5}}}
		},
	} {
		q := twoRequest()
		change(q)
		_, err := call[pb.ModelInferResponse](c, ctx, "ModelInfer", q)
		refused(t, what, err, codes.InvalidArgument, what)
	}
	q = demoRequest(x)
	q.RawInputContents[0] = q.RawInputContents[0][4:]
	_, err = call[pb.ModelInferResponse](c, ctx, "ModelInfer", q)
	refused(t, "too few bytes", err, codes.InvalidArgument, "do not fill")
	q = twoRequest()
	q.Inputs[0].Parameters = map[string]*pb.InferParameter{"shared_memory_region": {}}
	_, err = call[pb.ModelInferResponse](c, ctx, "ModelInfer", q)
	refused(t, "shared memory", err, codes.Unimplemented, "shared memory")
}

func narrowInput(datatype string, v int32) *pb.ModelInferRequest_InferInputTensor {
	return &pb.ModelInferRequest_InferInputTensor{Name: "i", Datatype: datatype, Shape: []int64{1}, Contents: &pb.InferTensorContents{IntContents: []int32{v}}}
}

func TestMessagesTooLarge(t *testing.T) {
	c := newClient(t, Options{MaxMessage: 10_000}, serve.Options{})
	_, err := call[pb.ModelInferResponse](c, t.Context(), "ModelInfer", demoRequest(noise(t, 8)))
	refused(t, "25 kB", err, codes.ResourceExhausted, "10000")
	c = newClient(t, Options{}, serve.Options{})
	big := noise(t, 1600) // 5 MB, more than gRPC's own default
	if a, err := call[pb.ModelInferResponse](c, t.Context(), "ModelInfer", demoRequest(big)); err != nil || a.Outputs[0].Shape[0] != 1600 {
		t.Error(err)
	}
}

// Packed messages are unpacked within the limit.
func TestPackedMessages(t *testing.T) {
	c := newClient(t, Options{MaxMessage: 10_000}, serve.Options{})
	for _, name := range []string{"gzip", "deflate"} {
		a := &pb.ModelInferResponse{}
		if err := c.Invoke(t.Context(), "/"+serviceName+"/ModelInfer", twoRequest(), a, grpc.UseCompressor(name)); err != nil || len(a.Outputs) != 2 {
			t.Errorf("%s: %v, %v", name, a, err)
		}
		err := c.Invoke(t.Context(), "/"+serviceName+"/ModelInfer", demoRequest(tensor.New(tensor.Float32, 1000, 1, 28, 28)), a, grpc.UseCompressor(name))
		refused(t, "a bomb of "+name, err, codes.ResourceExhausted, "10000")
	}
}

// Answers come in the order of requests, and a wrong request does not end the stream.
func TestStream(t *testing.T) {
	c := newClient(t, Options{}, serve.Options{Threads: 2})
	stream, err := c.NewStream(t.Context(), &service.Streams[0], "/"+serviceName+"/ModelStreamInfer")
	if err != nil {
		t.Fatal(err)
	}
	const n = 20
	var sending sync.WaitGroup
	sending.Go(func() {
		for i := range n {
			q := twoRequest()
			if q.Id = string(rune('a' + i)); i%5 == 3 {
				q.ModelName = "none"
			}
			if err := stream.SendMsg(q); err != nil {
				t.Error(err)
			}
		}
		stream.CloseSend()
	})
	for i := range n {
		var a pb.ModelStreamInferResponse
		if err := stream.RecvMsg(&a); err != nil {
			t.Fatal(err)
		}
		if a.InferResponse.GetId() != string(rune('a'+i)) || (a.ErrorMessage != "") != (i%5 == 3) || i%5 == 3 && !strings.Contains(a.ErrorMessage, "not served") {
			t.Errorf("answer %d: %v", i, &a)
		}
	}
	sending.Wait()
	if err := stream.RecvMsg(&pb.ModelStreamInferResponse{}); err == nil || status.Code(err) != codes.Unknown && status.Code(err) != codes.OK {
		t.Errorf("at the end: %v", err)
	}
}

// Shutdown ends idle streams and takes no calls.
func TestShutdown(t *testing.T) {
	c := newClient(t, Options{}, serve.Options{})
	stream, err := c.NewStream(t.Context(), &service.Streams[0], "/"+serviceName+"/ModelStreamInfer")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendMsg(twoRequest()); err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(&pb.ModelStreamInferResponse{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	refused(t, "the stream", stream.RecvMsg(&pb.ModelStreamInferResponse{}), codes.Unavailable, "about to end")
}

func TestHealthAndReflection(t *testing.T) {
	c, ctx := newClient(t, Options{Tokens: serve.NewTokens("secret")}, serve.Options{Control: true}), t.Context()
	h := health1.NewHealthClient(c)
	for _, name := range []string{"", serviceName, "two"} {
		if a, err := h.Check(ctx, &health1.HealthCheckRequest{Service: name}); err != nil || a.Status != health1.HealthCheckResponse_SERVING {
			t.Errorf("%q: %v, %v", name, a, err)
		}
	}
	_, err := h.Check(ctx, &health1.HealthCheckRequest{Service: "none"})
	refused(t, "none", err, codes.NotFound, `"none"`)
	w, err := h.Watch(ctx, &health1.HealthCheckRequest{Service: "two"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []health1.HealthCheckResponse_ServingStatus{health1.HealthCheckResponse_SERVING, health1.HealthCheckResponse_NOT_SERVING} {
		if a, err := w.Recv(); err != nil || a.Status != want {
			t.Fatalf("%v, %v, want %v", a, err, want)
		}
		if err := c.host.Unload("two"); err != nil {
			t.Fatal(err)
		}
	}
	_, err = call[pb.ServerMetadataResponse](c, ctx, "ServerMetadata", &pb.ServerMetadataRequest{})
	refused(t, "no token", err, codes.Unauthenticated, "token is needed")
	if _, err := call[pb.ServerReadyResponse](c, ctx, "ServerReady", &pb.ServerReadyRequest{}); err != nil {
		t.Error(err)
	}
	with := metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer secret")
	if _, err := call[pb.ServerMetadataResponse](c, with, "ServerMetadata", &pb.ServerMetadataRequest{}); err != nil {
		t.Error(err)
	}
	r, err := reflection1.NewServerReflectionClient(c).ServerReflectionInfo(with)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Send(&reflection1.ServerReflectionRequest{MessageRequest: &reflection1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: serviceName}}); err != nil {
		t.Fatal(err)
	}
	if a, err := r.Recv(); err != nil || len(a.GetFileDescriptorResponse().GetFileDescriptorProto()) == 0 {
		t.Error(a, err)
	}
}

func TestDeadlines(t *testing.T) {
	c := newClient(t, Options{}, serve.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	_, err := call[pb.ModelInferResponse](c, ctx, "ModelInfer", twoRequest())
	refused(t, "a deadline", err, codes.DeadlineExceeded, "")
	q := twoRequest()
	q.Parameters = map[string]*pb.InferParameter{"timeout": {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: 60_000_000}}}
	if _, err := call[pb.ModelInferResponse](c, t.Context(), "ModelInfer", q); err != nil {
		t.Error(err)
	}
}

func FuzzRequest(f *testing.F) {
	for _, q := range []*pb.ModelInferRequest{twoRequest(), demoRequest(tensor.New(tensor.Float32, 1, 1, 28, 28))} {
		b, err := proto.Marshal(q)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &pb.ModelInferRequest{}
		if proto.Unmarshal(b, m) != nil {
			return
		}
		q, err := requestOf(m)
		if err != nil {
			if e := serve.AsError(err); e.Code != serve.Invalid && e.Code != serve.Unimplemented {
				t.Fatal(err)
			}
			return
		}
		for _, in := range q.Inputs {
			if n, err := in.Shape.CheckedNumel(); err != nil || in.Data == nil && n != len(in.Images) || in.Data != nil && n != in.Data.Numel() {
				t.Fatalf("%+v", in)
			}
		}
	})
}
