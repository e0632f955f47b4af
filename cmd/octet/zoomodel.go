package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/zoo"
)

// fromZoo fetches the file of zoo:NAME and adds what is known of it: opts come
// before those of the flags, which override them. A path is returned as it is.
func (f *modelFlags) fromZoo(c *console, cmd *cobra.Command, path string) (local string, opts []octet.OpenOption, with *modelFlags, err error) {
	name, ok := strings.CutPrefix(path, zooPrefix)
	if !ok {
		return path, nil, f, nil
	}
	fetch := &fetchFlags{}
	w, err := fetch.weights(name)
	if err != nil {
		return "", nil, nil, err
	}
	if _, err := zoo.Lookup(w.Arch); err != nil { // before anything is downloaded
		return "", nil, nil, withCode(exitModel, fmt.Errorf("%s cannot be run yet: %w", w, err))
	}
	local, err = fetch.pull(cmd.Context(), c, w)
	if err != nil {
		return "", nil, nil, err
	}
	g := *f
	if g.arch == "" {
		g.arch = w.Arch
	}
	if g.backend == "" {
		g.backend = w.Backend
	}
	return local, []octet.OpenOption{octet.WithLabels(w.Categories()), octet.WithPreset(w.Preset)}, &g, nil
}
