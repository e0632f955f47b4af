package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/serve/metrics"
	"github.com/octet-ml/octet/serve/rest"
	"github.com/octet-ml/octet/serve/rpc"
)

// Config says how a host is served.
type Config struct {
	HTTP, GRPC, Admin string // addresses to listen on, host:port; empty for none
	// Cert, Key and ClientCA are files in PEM; empty for no TLS, and for no certificates of
	// clients.
	Cert, Key, ClientCA string
	TokenFile           string        // a token on each line; empty lets in all
	MaxBody             int64         // bytes of a request
	MaxConnections      int           // of clients at a time, on each listener
	Watch               time.Duration // between looks at the model files; 0 for none
	DrainDelay          time.Duration // from "not ready" to the end of listening
	DrainTimeout        time.Duration // for requests in flight, after that
	Access              bool          // every request is logged
	TritonNames         bool          // metrics have Triton's names too
	Version             string        // of the program
}

// Limits of a connection that are no settings.
const (
	headerTimeout = 5 * time.Second
	headerBytes   = 64 << 10
	idleTimeout   = 2 * time.Minute
)

// Run serves models until ctx ends, and then what is in flight. It returns nil after an orderly
// end. Errors of what the configuration names have exit codes: Usage of addresses, Data of
// certificates and tokens, Model of models.
func Run(ctx context.Context, c Config, o serve.Options) error {
	defer spareProcessor(&o)()
	defer collectOften()()
	m := metrics.New(c.TritonNames)
	o.Observe = m.Observe
	host := serve.NewHost(o)
	m.Attach(host)
	s := &process{config: c, host: host, log: o.Log, failed: make(chan error, 4)}
	if err := s.credentials(); err != nil {
		return exit.WithCode(exit.Data, err)
	}
	if err := s.listen(ctx, m); err != nil {
		s.stop(0)
		return err
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	loaded := make(chan struct{})
	go func() {
		defer close(loaded)
		s.models(work)
	}()
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	for {
		select {
		case <-reload:
			if err := s.credentials(); err != nil {
				s.log.Error("certificates and tokens stay as they were", "error", err.Error())
			} else {
				s.log.Info("certificates and tokens are read again")
			}
			continue
		case err := <-s.failed:
			s.stop(0)
			return err
		case <-ctx.Done():
		}
		break
	}
	host.Drain()
	s.log.Info("ending: not ready from now on", "delay", c.DrainDelay.String())
	time.Sleep(c.DrainDelay)
	cancel()
	return s.end(loaded)
}

// spareProcessor lets one goroutine more run than compute: those that compute give way to others
// after ten milliseconds only, and one that reads a request would wait for them again and again.
// It returns what undoes it.
func spareProcessor(o *serve.Options) (undo func()) {
	before := runtime.GOMAXPROCS(0)
	if o.Threads <= 0 {
		o.Threads = before
	}
	runtime.GOMAXPROCS(max(before, o.Threads+1))
	return func() { runtime.GOMAXPROCS(before) }
}

// collectOften lets garbage be half of what is in use, not as much again: most of that is weights and
// bodies of requests, which a collection does not look through, so that it costs next to nothing. With
// less than half, floods of gRPC calls that are refused slow down those that are answered. GOGC in the
// environment has its way. It returns what undoes it.
func collectOften() (undo func()) {
	const percent = 50
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(percent)
	return func() { debug.SetGCPercent(before) }
}

// end stops the listeners and waits for requests in flight and for the model that is being
// loaded: no longer than the configuration says, for to read a file may take any time.
func (s *process) end(loaded <-chan struct{}) error {
	over := time.After(s.config.DrainTimeout)
	if !s.stop(s.config.DrainTimeout) {
		err := fmt.Errorf("requests were still in flight %v after the signal", s.config.DrainDelay+s.config.DrainTimeout)
		s.log.Error("ended early", "error", err.Error())
		return exit.WithCode(exit.Interrupted, err)
	}
	select {
	case <-loaded:
	case <-over:
		s.log.Warn("a model was still being loaded, which is given up")
	}
	s.log.Info("ended: all requests are answered")
	return nil
}

// models loads what is there and then looks for changes.
func (s *process) models(ctx context.Context) {
	begun := time.Now()
	if err := s.host.Refresh(ctx); err != nil {
		if ctx.Err() == nil {
			s.failed <- exit.WithCode(exit.Model, exit.AdviseMissing(err, "give model files, or folders of them"))
		}
		return
	}
	if err := s.host.Ready(); err != nil {
		s.log.Error("not ready", "error", err.Error())
	} else {
		s.log.Info("ready", "seconds", time.Since(begun).Seconds())
	}
	if s.config.Watch > 0 {
		s.host.Watch(ctx, s.config.Watch)
	}
}

// process is a host that is being served.
type process struct {
	config Config
	host   *serve.Host
	log    *slog.Logger
	failed chan error // of listeners

	certs  certificates
	tokens *serve.Tokens
	ends   []func(context.Context) error // of listeners: they wait for requests in flight
	closes []func()                      // of listeners: they do not
}

// listen opens the listeners that the configuration names.
func (s *process) listen(ctx context.Context, m *metrics.Metrics) error {
	c := s.config
	where := []any{}
	if c.HTTP != "" {
		l, err := s.open(ctx, "http", c.HTTP)
		if err != nil {
			return err
		}
		if s.certs.on() {
			l = tls.NewListener(l, s.certs.config("h2", "http/1.1"))
		}
		handler := rest.New(s.host, rest.Options{MaxBody: c.MaxBody, Version: c.Version, Tokens: s.tokens})
		s.http(l, rest.Logged(m.Requests(handler), s.log, c.Access))
		where = append(where, "http", l.Addr().String())
	}
	if c.GRPC != "" {
		l, err := s.open(ctx, "grpc", c.GRPC)
		if err != nil {
			return err
		}
		s.grpc(l)
		where = append(where, "grpc", l.Addr().String())
	}
	if c.Admin != "" {
		l, err := s.open(ctx, "admin", c.Admin)
		if err != nil {
			return err
		}
		s.http(l, admin(m))
		where = append(where, "admin", l.Addr().String())
	}
	s.log.Info("listening", append(where, "tls", s.certs.on(), "tokens", s.tokens != nil)...)
	return nil
}

// open listens on the address of a flag.
func (s *process) open(ctx context.Context, flag, address string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, exit.Usagef("--%s %s: %w: give the host:port of a free port, such as 127.0.0.1:8080, or \"\" for none", flag, address, err)
	}
	return limit(l, s.config.MaxConnections), nil
}

// http serves a handler.
func (s *process) http(l net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, MaxHeaderBytes: headerBytes, IdleTimeout: idleTimeout,
		ConnContext: rest.ConnContext,
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	s.ends = append(s.ends, server.Shutdown)
	s.closes = append(s.closes, func() { server.Close() })
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
}

// grpc serves the host over gRPC.
func (s *process) grpc(l net.Listener) {
	o := rpc.Options{MaxMessage: int(min(s.config.MaxBody, math.MaxInt32)), Version: s.config.Version, Tokens: s.tokens, Log: s.log}
	if s.certs.on() {
		o.Credentials = credentials.NewTLS(s.certs.config("h2"))
	}
	server := rpc.New(s.host, o)
	s.ends = append(s.ends, server.Shutdown)
	s.closes = append(s.closes, server.Close)
	go func() {
		if err := server.Serve(l); err != nil {
			s.failed <- err
		}
	}()
}

// admin has what operators need and clients must not have.
func admin(m *metrics.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// stop ends the listeners and waits so long for requests in flight. It reports whether all were
// answered.
func (s *process) stop(patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	done := make(chan error, len(s.ends))
	for _, end := range s.ends {
		go func() { done <- end(ctx) }()
	}
	all := true
	for range s.ends {
		all = <-done == nil && all
	}
	for _, end := range s.closes {
		end()
	}
	return all
}
