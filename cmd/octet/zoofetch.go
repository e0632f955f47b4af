package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/hub"
	"github.com/octet-ml/octet/internal/atomicfile"
	"github.com/octet-ml/octet/zoo"
)

// zooPrefix marks the name of weights where a file could stand.
const zooPrefix = "zoo:"

// getWeights is zoo.Get; tests put weights of their own here.
var getWeights = zoo.Get

// fetchFlags say how weights are fetched.
type fetchFlags struct {
	cache, baseURL string
	offline        bool
	float          bool // of a short name
}

func (f *fetchFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.cache, "cache", "", "`FOLDER` for downloads (default: OCTET_CACHE, else octet in the user's cache folder)")
	fl.StringVar(&f.baseURL, "base-url", "", "`URL` of a mirror, in place of scheme and host of the published ones")
	fl.BoolVar(&f.offline, "offline", false, "download nothing")
}

// weights finds weights by name, with or without the prefix.
func (f *fetchFlags) weights(name string) (zoo.Weights, error) {
	name = strings.TrimPrefix(name, zooPrefix)
	if short, ok := zoo.Short(name, f.float); ok {
		name = short.String()
	}
	w, err := getWeights(name)
	if err != nil {
		return w, usageError("%w; octet zoo list names all", err)
	}
	return w, nil
}

func (f *fetchFlags) options() hub.Options {
	return hub.Options{Cache: f.cache, BaseURL: f.baseURL, Offline: f.offline}
}

// cached returns where the file of weights is; empty where it is not here.
func (f *fetchFlags) cached(ctx context.Context, w zoo.Weights) (string, error) {
	o := f.options()
	o.Offline = true
	path, err := o.Fetch(ctx, w)
	if errors.Is(err, hub.ErrOffline) {
		return "", nil
	}
	return path, withCode(exitModel, err)
}

// pull fetches the file of weights and shows how far it is.
func (f *fetchFlags) pull(ctx context.Context, c *console, w zoo.Weights) (string, error) {
	o := f.options()
	o.Logger = slog.New(noteHandler{c})
	var s *stage
	o.Progress = func(done, total int64) {
		if s == nil {
			s = c.begin("download", "kB", int(max(0, total)/1000))
		}
		s.set(int(done / 1000))
	}
	path, err := o.Fetch(ctx, w)
	if s != nil {
		s.end()
	}
	return path, withCode(fetchCode(err), err)
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
		return exitModel
	case errors.As(err, &away), errors.As(err, &refused), errors.Is(err, hub.ErrOffline):
		return exitNetwork
	case errors.As(err, &file), atomicfile.FullDisk(err):
		return exitOutput // of the cache
	case errors.As(err, &network), errors.Is(err, io.ErrUnexpectedEOF):
		return exitNetwork
	}
	return exitModel
}

// noteHandler prints the events of a log as notes: download interrupted: error ...,
// bytes 0, retry in 1s.
type noteHandler struct{ c *console }

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
	h.c.note("%s: %s", r.Message, strings.Join(details, ", "))
	return nil
}

// completeWeights offers the names of weights.
func completeWeights(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
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

// completeModel offers files for the first argument, or weights once zoo: is
// typed, and any file for the others.
func completeModel(extensions ...string) cobra.CompletionFunc {
	files := completeFiles(extensions...)
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 && strings.HasPrefix(typed, zooPrefix) {
			return weightsNames(zooPrefix), cobra.ShellCompDirectiveNoFileComp
		}
		return files(cmd, args, typed)
	}
}

// completeModels is completeModel for every argument.
func completeModels(extensions ...string) cobra.CompletionFunc {
	one := completeModel(extensions...)
	return func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return one(cmd, nil, typed)
	}
}
