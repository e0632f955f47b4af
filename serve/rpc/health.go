package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	health1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/octet-ml/octet/serve"
)

// health is the standard health service. The services that it knows are "", the protocol's, and
// the models by their names.
type health struct {
	health1.UnimplementedHealthServer
	server *Server
}

func (h *health) state(name string) health1.HealthCheckResponse_ServingStatus {
	host := h.server.host
	var err error
	if name == "" || name == serviceName {
		err = host.Ready()
	} else if err = host.ModelReady(name, ""); err != nil && serve.AsError(err).Code == serve.NotFound {
		return health1.HealthCheckResponse_SERVICE_UNKNOWN
	}
	if err != nil {
		return health1.HealthCheckResponse_NOT_SERVING
	}
	return health1.HealthCheckResponse_SERVING
}

// Check says how a service is.
func (h *health) Check(_ context.Context, q *health1.HealthCheckRequest) (*health1.HealthCheckResponse, error) {
	state := h.state(q.Service)
	if state == health1.HealthCheckResponse_SERVICE_UNKNOWN {
		return nil, status.Errorf(codes.NotFound, "there is no service or model %q", q.Service)
	}
	return &health1.HealthCheckResponse{Status: state}, nil
}

// watchEvery is how soon a watcher is told of a change.
const watchEvery = 200 * time.Millisecond

// Watch says how a service is, and again when that changes.
func (h *health) Watch(q *health1.HealthCheckRequest, stream grpc.ServerStreamingServer[health1.HealthCheckResponse]) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	last := health1.HealthCheckResponse_UNKNOWN
	for {
		if state := h.state(q.Service); state != last {
			last = state
			if err := stream.Send(&health1.HealthCheckResponse{Status: state}); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-stream.Context().Done():
			return stream.Context().Err()
		case <-h.server.ending:
			return status.Error(codes.Unavailable, "the server is about to end")
		}
	}
}
