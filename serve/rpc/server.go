package rpc

import (
	"context"
	"log/slog"
	"net"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/octet-ml/octet/serve"
)

// Options say within which limits requests are taken. Zero values are the defaults.
type Options struct {
	MaxMessage  int                              // bytes of a request; 0 means 64 MiB
	MaxPending  int64                            // bytes of all requests that are being answered, and of all that come in part; 0 means 1 GiB for each
	Version     string                           // of the server, for its metadata
	Tokens      *serve.Tokens                    // let requests in, those for health alone excepted; nil lets in all
	Credentials credentials.TransportCredentials // nil for none
	Log         *slog.Logger                     // of panics; nil discards them
}

// Server answers over gRPC for a host.
type Server struct {
	host     *serve.Host
	opts     Options
	server   *grpc.Server
	pending  atomic.Int64  // bytes of requests
	arriving *arriving     // messages that have come in part
	ending   chan struct{} // closed when streams are to end
	once     sync.Once
}

// Limits that are no settings.
const (
	maxStreams    = 256              // calls at a time of a connection
	maxHeaders    = 64 << 10         // bytes
	streamWindow  = 1 << 20          // bytes of a call that come without asking: most tensors
	window        = 16 << 20         // of all calls of a connection
	oftenestPings = 10 * time.Second // of clients that keep connections alive
	pingAfter     = 2 * time.Minute  // of silence: whoever does not answer has gone
	idleTimeout   = 5 * time.Minute  // of connections without calls; clients open them again
	greeting      = 10 * time.Second // for what opens a connection
)

// New is a server that Serve starts.
func New(host *serve.Host, o Options) *Server {
	if o.MaxMessage == 0 {
		o.MaxMessage = 64 << 20
	}
	if o.MaxPending == 0 {
		o.MaxPending = 1 << 30
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Credentials == nil {
		o.Credentials = insecure.NewCredentials()
	}
	s := &Server{host: host, opts: o, ending: make(chan struct{})}
	s.arriving = &arriving{limit: max(o.MaxPending, int64(o.MaxMessage)), log: o.Log, conns: map[*connection]bool{}}
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(o.MaxMessage), grpc.MaxConcurrentStreams(maxStreams), grpc.MaxHeaderListSize(maxHeaders),
		grpc.InitialWindowSize(streamWindow), grpc.InitialConnWindowSize(window),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: oftenestPings, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingAfter, MaxConnectionIdle: idleTimeout}), grpc.ConnectionTimeout(greeting),
		grpc.UnaryInterceptor(s.guardCall), grpc.StreamInterceptor(s.guardStream),
		grpc.Creds(counted{o.Credentials, s.arriving}), grpc.StatsHandler(s.arriving),
	}
	s.server = grpc.NewServer(options...)
	s.server.RegisterService(&service, s)
	grpc_health_v1.RegisterHealthServer(s.server, &health{server: s})
	reflection.Register(s.server)
	return s
}

// Serve answers what comes in on a listener, until Shutdown or Close.
func (s *Server) Serve(l net.Listener) error { return s.server.Serve(l) }

// Shutdown takes no more calls and waits until those in flight are answered or ctx ends.
// Streams end when what they have asked for is answered.
func (s *Server) Shutdown(ctx context.Context) error {
	s.once.Do(func() { close(s.ending) })
	done := make(chan struct{})
	go func() {
		s.server.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends all calls.
func (s *Server) Close() {
	s.once.Do(func() { close(s.ending) })
	s.server.Stop()
}

// statuses are gRPC's codes for kinds of errors.
var statuses = map[serve.Code]codes.Code{
	serve.Internal: codes.Internal, serve.Invalid: codes.InvalidArgument, serve.NotFound: codes.NotFound,
	serve.Unavailable: codes.Unavailable, serve.Exhausted: codes.ResourceExhausted, serve.TooLarge: codes.ResourceExhausted,
	serve.Deadline: codes.DeadlineExceeded, serve.Canceled: codes.Canceled, serve.Unimplemented: codes.Unimplemented,
	serve.Forbidden: codes.PermissionDenied,
}

// failure is an error as gRPC has it.
func failure(err error) error {
	if _, ok := status.FromError(err); ok {
		return err
	}
	e := serve.AsError(err)
	return status.Error(statuses[e.Code], e.Message)
}

// open are the methods that need no token: those by which others ask for health.
var open = []string{"/ServerLive", "/ServerReady", "/ModelReady", "/Check", "/Watch", "/List"}

// allowed checks the token of a call.
func (s *Server) allowed(ctx context.Context, method string) error {
	if slices.ContainsFunc(open, func(suffix string) bool { return strings.HasSuffix(method, suffix) }) {
		return nil
	}
	header := ""
	if list := metadata.ValueFromIncomingContext(ctx, "authorization"); len(list) == 1 {
		header = list[0]
	}
	if !s.opts.Tokens.Allow(header) {
		return status.Error(codes.Unauthenticated, "a token is needed: metadata authorization: Bearer TOKEN")
	}
	return nil
}

// reserve counts a request among those that are being answered; release takes it out.
func (s *Server) reserve(m proto.Message) (release func(), err error) {
	size := int64(proto.Size(m))
	if s.pending.Add(size) > s.opts.MaxPending {
		s.pending.Add(-size)
		return nil, serve.Errorf(serve.Exhausted, "requests of more than %d bytes together are being answered: send it again later", s.opts.MaxPending)
	}
	return func() { s.pending.Add(-size) }, nil
}

func (s *Server) guardCall(ctx context.Context, q any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (a any, err error) {
	defer s.survive(info.FullMethod, &err)
	if err := s.allowed(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	if a, err = handle(ctx, q); err != nil {
		return nil, failure(err)
	}
	return a, nil
}

func (s *Server) guardStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	defer s.survive(info.FullMethod, &err)
	if err := s.allowed(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	return handle(srv, stream)
}

// survive turns a panic into an error.
func (s *Server) survive(method string, err *error) {
	if v := recover(); v != nil {
		s.opts.Log.Error("answering a call panicked", "method", method, "panic", v, "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "the server failed unexpectedly: its log says where")
	}
}
