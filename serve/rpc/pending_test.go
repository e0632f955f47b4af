package rpc

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/octet-ml/octet/serve"
	pb "github.com/octet-ml/octet/serve/rpc/inferencepb"
)

// TestMaxPending: what is being answered counts, and nothing else.
func TestMaxPending(t *testing.T) {
	c := newClient(t, Options{MaxPending: 8000}, serve.Options{})
	of := func(n int64) *pb.ModelInferRequest {
		return &pb.ModelInferRequest{
			ModelName: "fashion_resnet8", RawInputContents: [][]byte{make([]byte, n*4*784)},
			Inputs: []*pb.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "FP32", Shape: []int64{n, 1, 28, 28}}},
		}
	}
	stream, err := c.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/"+serviceName+"/ModelStreamInfer")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := call[pb.ModelInferResponse](c, t.Context(), "ModelInfer", of(2)); err != nil {
			t.Fatal(err)
		}
		_, err := call[pb.ModelInferResponse](c, t.Context(), "ModelInfer", of(3))
		refused(t, "three images", err, codes.ResourceExhausted, "more than 8000 bytes together")
		for n, says := range map[int64]string{2: "", 3: "requests of more than 8000 bytes together are being answered: send it again later"} {
			a := &pb.ModelStreamInferResponse{}
			if err := stream.SendMsg(of(n)); err != nil {
				t.Fatal(err)
			}
			if err := stream.RecvMsg(a); err != nil || a.ErrorMessage != says {
				t.Errorf("%d images in a stream: %q, %v", n, a.ErrorMessage, err)
			}
		}
	}
	if n := c.server.pending.Load(); n != 0 {
		t.Errorf("%d bytes are counted, and nothing is being answered", n)
	}
}

// TestTokensBeforeMessages: who has no token is told so, and not that the message is too large.
func TestTokensBeforeMessages(t *testing.T) {
	c := newClient(t, Options{MaxMessage: 1000, Tokens: serve.NewTokens("secret")}, serve.Options{})
	large := &pb.ModelInferRequest{ModelName: "two", RawInputContents: [][]byte{make([]byte, 2000)}}
	_, err := call[pb.ModelInferResponse](c, t.Context(), "ModelInfer", large)
	refused(t, "without a token", err, codes.Unauthenticated, "a token is needed")
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer secret")
	_, err = call[pb.ModelInferResponse](c, ctx, "ModelInfer", large)
	refused(t, "with a token", err, codes.ResourceExhausted, "")
}
