package rpc

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/octet-ml/octet/serve"
	pb "github.com/octet-ml/octet/serve/rpc/inferencepb"
)

func (s *Server) modelInfer(ctx context.Context, m *pb.ModelInferRequest) (*pb.ModelInferResponse, error) {
	if err := s.host.Admit(m.ModelName, m.ModelVersion); err != nil {
		return nil, err
	}
	release, err := s.reserve(m)
	if err != nil {
		return nil, err
	}
	defer release()
	q, err := requestOf(m)
	if err != nil {
		return nil, err
	}
	r, err := s.host.Infer(ctx, m.ModelName, m.ModelVersion, q)
	if err != nil {
		return nil, err
	}
	return responseOf(r, len(m.RawInputContents) > 0)
}

// modelStreamInfer answers the requests of a stream in their order. Several compute at a time,
// as many as there are threads; one that fails is told so, and the stream goes on.
func (s *Server) modelStreamInfer(stream grpc.ServerStream) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	answers := make(chan chan *pb.ModelStreamInferResponse, s.host.Threads())
	ended := make(chan error, 1)
	go func() {
		defer close(answers)
		ended <- s.receive(ctx, stream, answers)
	}()
	for {
		var next chan *pb.ModelStreamInferResponse
		ok := true
		select {
		case next, ok = <-answers:
		case <-s.ending:
			select {
			case next, ok = <-answers: // in flight
			default:
				return status.Error(codes.Unavailable, "the server is about to end")
			}
		}
		if !ok {
			return <-ended
		}
		if err := stream.SendMsg(<-next); err != nil {
			return err
		}
	}
}

// receive reads the requests of a stream and starts to compute them.
func (s *Server) receive(ctx context.Context, stream grpc.ServerStream, answers chan<- chan *pb.ModelStreamInferResponse) error {
	for {
		m := &pb.ModelInferRequest{}
		if err := stream.RecvMsg(m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		answer := make(chan *pb.ModelStreamInferResponse, 1)
		select {
		case answers <- answer:
		case <-ctx.Done():
			return ctx.Err()
		}
		go func() { answer <- s.answer(ctx, m) }()
	}
}

// answer computes a request of a stream.
func (s *Server) answer(ctx context.Context, m *pb.ModelInferRequest) (a *pb.ModelStreamInferResponse) {
	var err error
	defer func() {
		if err != nil {
			a = &pb.ModelStreamInferResponse{ErrorMessage: status.Convert(err).Message(), InferResponse: &pb.ModelInferResponse{ModelName: m.ModelName, ModelVersion: m.ModelVersion, Id: m.Id}}
		}
	}()
	defer s.survive("ModelStreamInfer", &err)
	r, failed := s.modelInfer(ctx, m)
	if failed != nil {
		err = failure(failed)
		return nil
	}
	return &pb.ModelStreamInferResponse{InferResponse: r}
}

// requestOf reads a message.
func requestOf(m *pb.ModelInferRequest) (*serve.Request, error) {
	q := &serve.Request{ID: m.Id}
	for name, p := range m.Parameters {
		switch name {
		case "timeout":
			var err error
			if q.Timeout, err = serve.Timeout(whole(p)); err != nil {
				return nil, err
			}
		case "sequence_id", "sequence_start", "sequence_end":
			if whole(p) != 0 || p.GetBoolParam() || p.GetStringParam() != "" {
				return nil, serve.Errorf(serve.Invalid, "parameter %s: models here keep no state between requests", name)
			}
		}
	}
	raw := len(m.RawInputContents) > 0
	if raw && len(m.RawInputContents) != len(m.Inputs) {
		return nil, serve.Errorf(serve.Invalid, "%d inputs and %d raw_input_contents: one for each input is expected", len(m.Inputs), len(m.RawInputContents))
	}
	for i, t := range m.Inputs {
		if t.Parameters["shared_memory_region"] != nil {
			return nil, serve.Errorf(serve.Unimplemented, "shared memory is not served: send the data")
		}
		shape, err := shapeOf(t)
		if err != nil {
			return nil, err
		}
		var in serve.Input
		if raw {
			if t.Contents != nil {
				return nil, serve.Errorf(serve.Invalid, "input %s has both contents and raw_input_contents", t.Name)
			}
			in, err = serve.Raw(t.Name, t.Datatype, shape, m.RawInputContents[i])
		} else {
			in, err = contents(t, shape)
		}
		if err != nil {
			return nil, err
		}
		q.Inputs = append(q.Inputs, in)
	}
	for _, o := range m.Outputs {
		if o.Parameters["shared_memory_region"] != nil {
			return nil, serve.Errorf(serve.Unimplemented, "shared memory is not served: take the data")
		}
		classes := whole(o.Parameters["classification"])
		const most = 1 << 20
		if classes < 0 || classes > most {
			return nil, serve.Errorf(serve.Invalid, "output %s: %d classes are asked for", o.Name, classes)
		}
		q.Outputs = append(q.Outputs, serve.Requested{Name: o.Name, Classes: int(classes)})
	}
	return q, nil
}

// whole is a parameter that is a whole number; 0 where it is none.
func whole(p *pb.InferParameter) int64 {
	if n, ok := p.GetParameterChoice().(*pb.InferParameter_Uint64Param); ok {
		return int64(min(n.Uint64Param, 1<<62))
	}
	return p.GetInt64Param()
}

// responseOf writes a message.
func responseOf(r *serve.Response, raw bool) (*pb.ModelInferResponse, error) {
	m := &pb.ModelInferResponse{ModelName: r.Model, ModelVersion: r.Version, Id: r.ID}
	for _, o := range r.Outputs {
		raw = raw || o.Data != nil && fieldOf(o.Data.DType()) == ""
	}
	for _, o := range r.Outputs {
		t := &pb.ModelInferResponse_InferOutputTensor{Name: o.Name, Datatype: o.Datatype(), Shape: extents(o.Shape)}
		if raw {
			m.RawOutputContents = append(m.RawOutputContents, o.Raw())
		} else {
			t.Contents = contentsOf(o)
		}
		m.Outputs = append(m.Outputs, t)
	}
	return m, nil
}
