package inputs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/hub"
	"github.com/octet-ml/octet/internal/atomicfile"
	"github.com/octet-ml/octet/zoo"
)

// ZooPrefix marks the name of weights where a file could stand.
const ZooPrefix = "zoo:"

// GetWeights is zoo.Get; tests replace it.
var GetWeights = zoo.Get

// FetchFlags say how weights are fetched.
type FetchFlags struct {
	cache, baseURL string
	offline        bool
	Float          bool // of a short name
}

// Register adds the flags to a command.
func (f *FetchFlags) Register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.cache, "cache", "", "`FOLDER` for downloads (default: OCTET_CACHE, else octet in the user's cache folder)")
	fl.StringVar(&f.baseURL, "base-url", "", "`URL` of a mirror, in place of scheme and host of the published ones")
	fl.BoolVar(&f.offline, "offline", false, "download nothing")
}

// Weights finds weights by name, with or without the prefix.
func (f *FetchFlags) Weights(name string) (zoo.Weights, error) {
	name = strings.TrimPrefix(name, ZooPrefix)
	if short, ok := zoo.Short(name, f.Float); ok {
		name = short.String()
	}
	w, err := GetWeights(name)
	if err != nil {
		return w, exit.Usagef("%w; octet zoo list names all", err)
	}
	return w, nil
}

func (f *FetchFlags) options() hub.Options {
	return hub.Options{Cache: f.cache, BaseURL: f.baseURL, Offline: f.offline}
}

// Cached returns where the file of weights is; empty where it is not here.
func (f *FetchFlags) Cached(ctx context.Context, w zoo.Weights) (string, error) {
	o := f.options()
	o.Offline = true
	path, err := o.Fetch(ctx, w)
	if errors.Is(err, hub.ErrOffline) {
		return "", nil
	}
	return path, exit.WithCode(exit.Model, err)
}

// Pull fetches the file of weights and shows progress.
func (f *FetchFlags) Pull(ctx context.Context, c *console.Console, w zoo.Weights) (string, error) {
	o := f.options()
	o.Logger = slog.New(noteHandler{c})
	var s *console.Stage
	o.Progress = func(done, total int64) {
		if s == nil {
			s = c.Begin("download", "kB", int(max(0, total)/1000))
		}
		s.Set(int(done / 1000))
	}
	path, err := o.Fetch(ctx, w)
	if s != nil {
		s.End()
	}
	return path, exit.WithCode(fetchCode(err), err)
}

// fetchCode is the exit code for an error of the hub.
func fetchCode(err error) int {
	var (
		wrong   *hub.HashError
		file    *fs.PathError
		away    *hub.UnreachableError
		refused *hub.StatusError
		network net.Error
	)
	switch {
	case errors.As(err, &wrong):
		return exit.Model
	case errors.As(err, &away), errors.As(err, &refused), errors.Is(err, hub.ErrOffline):
		return exit.Network
	case errors.As(err, &file), atomicfile.FullDisk(err):
		return exit.Output // the cache folder
	case errors.As(err, &network), errors.Is(err, io.ErrUnexpectedEOF):
		return exit.Network
	}
	return exit.Model
}

// noteHandler prints the events of a log as notes: download interrupted: error ...,
// bytes 0, retry in 1s.
type noteHandler struct{ c *console.Console }

func (h noteHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}
func (h noteHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h noteHandler) WithGroup(string) slog.Handler      { return h }

func (h noteHandler) Handle(_ context.Context, r slog.Record) error {
	var details []string
	r.Attrs(func(a slog.Attr) bool {
		details = append(details, a.Key+" "+a.Value.String())
		return true
	})
	h.c.Note("%s: %s", r.Message, strings.Join(details, ", "))
	return nil
}

// CompleteWeights offers the names of weights.
func CompleteWeights(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return weightsNames(""), cobra.ShellCompDirectiveNoFileComp
}

func weightsNames(prefix string) []string {
	var names []string
	for _, e := range zoo.WeightsEnums() {
		for _, w := range e.Members() {
			names = append(names, prefix+w.String())
		}
		names = append(names, prefix+e.Name()+".DEFAULT")
	}
	return names
}

// CompleteModel offers model files for the first argument, or weights once zoo: is
// typed, and any file for the others.
func CompleteModel() cobra.CompletionFunc {
	files := console.CompleteFiles("pth", "pt", "onnx", "pt2", "safetensors")
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 && strings.HasPrefix(typed, ZooPrefix) {
			return weightsNames(ZooPrefix), cobra.ShellCompDirectiveNoFileComp
		}
		return files(cmd, args, typed)
	}
}

// CompleteModels is CompleteModel for every argument.
func CompleteModels() cobra.CompletionFunc {
	one := CompleteModel()
	return func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return one(cmd, nil, typed)
	}
}
