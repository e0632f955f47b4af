package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/cmd/octet/internal/server"
	"github.com/octet-ml/octet/serve"
)

// serveFlags are the flags of `octet serve`.
type serveFlags struct {
	model   inputs.ModelFlags
	server  server.Config
	options serve.Options
	names   string // --metrics-names
}

func newServeCommand(c *console.Console) *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{
		Use:   "serve {FOLDER | MODEL}...",
		Short: "Serve models over HTTP and gRPC (Open Inference Protocol, V2)",
		Long: `serve answers requests for models over HTTP and gRPC, as Triton and KServe do, without
a configuration file. A model is called as its file without the ending, and is version 1. A
folder holds such files, or a folder for each model, with folders 1, 2 and so on for its versions; a
request that names no version gets the newest. Files that change are loaded again beside what
is served, and take its place once they have run; a broken one does not.

Flags that say what a file does not (--arch, --backend, --labels, --preset ...) hold for all
models; one that they do not fit is not served, and the log says why.

It computes as many requests at a time as there are threads, each on one of them, or one on
all of them; --queue more may wait, and others are told to come again (429). Requests whose
client has gone or whose time is over are not computed.

An image file is a request, too: curl -F image=@cat.jpg HOST:8080/v2/models/NAME/infer answers
with labels. Metrics and profiles are on the admin address alone. SIGTERM ends it when what is
in flight is answered.`,
		Example: `  octet serve resnet18_int8.pth
  octet serve encoder.onnx int8.pth --http 127.0.0.1:8080 --grpc ""
  octet serve models/ --http :8080 --grpc :8081 --admin 127.0.0.1:8082
  octet serve models/ --tls-cert cert.pem --tls-key key.pem --token-file tokens.txt
  curl -F image=@cat.jpg localhost:8080/v2/models/resnet18_int8/infer`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: inputs.CompleteModel(),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return runServe(c, cmd, f, args)
		}),
	}
	f.model.Register(cmd)
	fl, s := cmd.Flags(), &f.server
	fl.StringVar(&s.HTTP, "http", ":8080", "`ADDRESS` of HTTP, host:port; empty for none")
	fl.StringVar(&s.GRPC, "grpc", ":8081", "`ADDRESS` of gRPC, host:port; empty for none")
	fl.StringVar(&s.Admin, "admin", "127.0.0.1:8082", "`ADDRESS` of metrics and profiles, host:port; empty for none")
	fl.IntVar(&f.options.Threads, "threads", 0, "CPU threads, and requests that compute at a time; 0 uses all")
	fl.IntVar(&f.options.Queue, "queue", 64, "requests that may wait for a thread; others get 429 or RESOURCE_EXHAUSTED")
	fl.IntVar(&f.options.MaxBatch, "max-batch", 1, "requests that wait at the same time and are computed together, where that has the same bytes and is measured to be faster")
	fl.BoolVar(&f.options.Control, "control", false, "let clients load and unload models of the folder by their names")
	fl.DurationVar(&s.Watch, "watch", 2*time.Second, "how often to look for new, changed and removed files; 0 never")
	fl.Int64Var(&s.MaxBody, "max-body", 64<<20, "`BYTES` of a request, unpacked")
	fl.IntVar(&f.options.MaxPixels, "max-pixels", 25_000_000, "pixels of an image, width times height")
	fl.IntVar(&s.MaxConnections, "max-connections", 1024, "connections at a time, of HTTP and gRPC each")
	fl.StringVar(&s.Cert, "tls-cert", "", "`FILE`.pem with the server's certificates; read again on SIGHUP")
	fl.StringVar(&s.Key, "tls-key", "", "`FILE`.pem with its key")
	fl.StringVar(&s.ClientCA, "tls-client-ca", "", "`FILE`.pem with the authorities of clients' certificates, which are demanded then")
	fl.StringVar(&s.TokenFile, "token-file", "", "`FILE` with a token on each line; requests need one of them (Authorization: Bearer TOKEN)")
	fl.DurationVar(&s.DrainDelay, "drain-delay", 0, "how long to serve on after SIGTERM, while health says not ready")
	fl.DurationVar(&s.DrainTimeout, "drain-timeout", 30*time.Second, "how long to wait for requests in flight, after that")
	fl.BoolVar(&s.Access, "access-log", false, "log every request")
	fl.StringVar(&f.names, "metrics-names", "octet", "names of metrics: octet, or triton for nv_inference_* beside them")
	console.Complete(cmd, "metrics-names", "octet", "triton")
	console.Together(cmd, "tls-cert", "tls-key")
	return cmd
}

func runServe(c *console.Console, cmd *cobra.Command, f *serveFlags, paths []string) error {
	if err := f.check(); err != nil {
		return err
	}
	opts, err := f.model.Options(cmd)
	if err != nil {
		return err
	}
	f.options.Paths = paths
	f.options.Log = slog.New(slog.NewJSONHandler(c.Err, nil))
	f.options.Open = func(_ context.Context, file string) (*octet.Model, error) {
		m, err := octet.Open(file, opts...)
		if err != nil {
			return nil, inputs.AdviseModel(err, file, &f.model)
		}
		for _, text := range inputs.Texts(m.Assumptions()) {
			f.options.Log.Info("assumed", "file", file, "what", text)
		}
		return m, nil
	}
	f.server.Version, f.server.TritonNames = version(), f.names == "triton"
	return server.Run(cmd.Context(), f.server, f.options)
}

func (f *serveFlags) check() error {
	s := f.server
	switch {
	case s.HTTP == "" && s.GRPC == "":
		return exit.Usagef("--http and --grpc are both empty: nothing would be served")
	case f.options.Threads < 0:
		return exit.Usagef("--threads %d: 0 or more", f.options.Threads)
	case f.options.Queue < 0:
		return exit.Usagef("--queue %d: 0 or more", f.options.Queue)
	case f.options.MaxBatch < 1:
		return exit.Usagef("--max-batch %d: 1 or more", f.options.MaxBatch)
	case s.MaxBody < 1:
		return exit.Usagef("--max-body %d: more than 0", s.MaxBody)
	case f.options.MaxPixels < 1:
		return exit.Usagef("--max-pixels %d: more than 0", f.options.MaxPixels)
	case s.MaxConnections < 1:
		return exit.Usagef("--max-connections %d: more than 0", s.MaxConnections)
	case s.Watch < 0 || s.DrainDelay < 0 || s.DrainTimeout < 0:
		return exit.Usagef("--watch, --drain-delay and --drain-timeout: 0 or more")
	case f.names != "octet" && f.names != "triton":
		return exit.Usagef("--metrics-names %s: octet or triton", f.names)
	case s.ClientCA != "" && s.Cert == "":
		return exit.Usagef("--tls-client-ca needs --tls-cert and --tls-key")
	}
	if f.options.Queue == 0 {
		f.options.Queue = -1 // none, where 0 means the default
	}
	return nil
}
