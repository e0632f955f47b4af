package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/octet-ml/octet/serve"
	pb "github.com/octet-ml/octet/serve/rpc/inferencepb"
)

// serviceName is the protocol's.
const serviceName = "inference.GRPCInferenceService"

// service lists the methods. Those of the protocol that are not here answer UNIMPLEMENTED.
var service = grpc.ServiceDesc{
	ServiceName: serviceName,
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{
		unary("ServerLive", (*Server).serverLive), unary("ServerReady", (*Server).serverReady), unary("ModelReady", (*Server).modelReady),
		unary("ServerMetadata", (*Server).serverMetadata), unary("ModelMetadata", (*Server).modelMetadata), unary("ModelInfer", (*Server).modelInfer),
		unary("ModelStatistics", (*Server).modelStatistics), unary("RepositoryIndex", (*Server).repositoryIndex),
		unary("RepositoryModelLoad", (*Server).repositoryModelLoad), unary("RepositoryModelUnload", (*Server).repositoryModelUnload),
	},
	Streams: []grpc.StreamDesc{{
		StreamName: "ModelStreamInfer", ServerStreams: true, ClientStreams: true,
		Handler: func(srv any, stream grpc.ServerStream) error { return srv.(*Server).modelStreamInfer(stream) },
	}},
	Metadata: "inference.proto",
}

// unary is a method that answers a message with a message.
func unary[Q, A any](name string, call func(*Server, context.Context, *Q) (*A, error)) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(srv any, ctx context.Context, decode func(any) error, guard grpc.UnaryServerInterceptor) (any, error) {
		s := srv.(*Server)
		info := &grpc.UnaryServerInfo{Server: s, FullMethod: "/" + serviceName + "/" + name}
		if err := s.allowed(ctx, info.FullMethod); err != nil { // before its message is read
			return nil, err
		}
		q := new(Q)
		if err := decode(q); err != nil {
			return nil, err
		}
		return guard(ctx, q, info, func(ctx context.Context, q any) (any, error) { return call(s, ctx, q.(*Q)) })
	}}
}

func (s *Server) serverLive(context.Context, *pb.ServerLiveRequest) (*pb.ServerLiveResponse, error) {
	return &pb.ServerLiveResponse{Live: true}, nil
}

func (s *Server) serverReady(context.Context, *pb.ServerReadyRequest) (*pb.ServerReadyResponse, error) {
	return &pb.ServerReadyResponse{Ready: s.host.Ready() == nil}, nil
}

func (s *Server) modelReady(_ context.Context, q *pb.ModelReadyRequest) (*pb.ModelReadyResponse, error) {
	err := s.host.ModelReady(q.Name, q.Version)
	if err != nil && serve.AsError(err).Code == serve.NotFound {
		return nil, err
	}
	return &pb.ModelReadyResponse{Ready: err == nil}, nil
}

func (s *Server) serverMetadata(context.Context, *pb.ServerMetadataRequest) (*pb.ServerMetadataResponse, error) {
	return &pb.ServerMetadataResponse{Name: "octet", Version: s.opts.Version, Extensions: []string{"classification", "model_repository", "statistics", "image_files"}}, nil
}

func (s *Server) modelMetadata(_ context.Context, q *pb.ModelMetadataRequest) (*pb.ModelMetadataResponse, error) {
	m, err := s.host.Metadata(q.Name, q.Version)
	if err != nil {
		return nil, err
	}
	return &pb.ModelMetadataResponse{Name: m.Name, Versions: m.Versions, Platform: m.Platform, Inputs: portsOf(m.Inputs), Outputs: portsOf(m.Outputs)}, nil
}

func portsOf(list []serve.Port) (all []*pb.ModelMetadataResponse_TensorMetadata) {
	for _, p := range list {
		t := &pb.ModelMetadataResponse_TensorMetadata{Name: p.Name, Datatype: p.Datatype}
		if t.Shape = extents(p.Shape); p.Shape == nil {
			t.Shape = []int64{-1}
		}
		all = append(all, t)
	}
	return all
}

func extents(shape []int) []int64 {
	list := make([]int64, len(shape))
	for i, n := range shape {
		list[i] = int64(n)
	}
	return list
}

func (s *Server) modelStatistics(_ context.Context, q *pb.ModelStatisticsRequest) (*pb.ModelStatisticsResponse, error) {
	list, err := s.host.Statistics(q.Name, q.Version)
	if err != nil {
		return nil, err
	}
	of := func(d serve.Duration) *pb.StatisticDuration {
		return &pb.StatisticDuration{Count: d.Count, Ns: uint64(d.Total)}
	}
	a := &pb.ModelStatisticsResponse{}
	for _, m := range list {
		d := &pb.ModelStatistics{
			Name: m.Name, Version: m.Version, InferenceCount: m.Inferences, ExecutionCount: m.Executions,
			InferenceStats: &pb.InferStatistics{
				Success: of(m.Success), Fail: of(m.Fail), Queue: of(m.Queue), ComputeInput: of(m.Input), ComputeInfer: of(m.Infer), ComputeOutput: of(m.Output),
			},
		}
		if !m.LastInference.IsZero() {
			d.LastInference = uint64(m.LastInference.UnixMilli())
		}
		for _, b := range m.Batches {
			d.BatchStats = append(d.BatchStats, &pb.InferBatchStatistics{BatchSize: uint64(b.Size), ComputeInput: of(b.Input), ComputeInfer: of(b.Infer), ComputeOutput: of(b.Output)})
		}
		a.ModelStats = append(a.ModelStats, d)
	}
	return a, nil
}

func (s *Server) repositoryIndex(_ context.Context, q *pb.RepositoryIndexRequest) (*pb.RepositoryIndexResponse, error) {
	a := &pb.RepositoryIndexResponse{}
	for _, m := range s.host.Index(q.Ready) {
		a.Models = append(a.Models, &pb.RepositoryIndexResponse_ModelIndex{Name: m.Name, Version: m.Version, State: m.State, Reason: m.Reason})
	}
	return a, nil
}

func (s *Server) repositoryModelLoad(ctx context.Context, q *pb.RepositoryModelLoadRequest) (*pb.RepositoryModelLoadResponse, error) {
	for name := range q.Parameters {
		return nil, serve.Errorf(serve.Invalid, "parameter %s: models are loaded as they are in the folder of models, without files or configuration from clients", name)
	}
	return &pb.RepositoryModelLoadResponse{}, s.host.Load(ctx, q.ModelName)
}

func (s *Server) repositoryModelUnload(_ context.Context, q *pb.RepositoryModelUnloadRequest) (*pb.RepositoryModelUnloadResponse, error) {
	return &pb.RepositoryModelUnloadResponse{}, s.host.Unload(q.ModelName)
}
