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
	fetch := &fetchFlags{float: f.float, offline: f.offline}
	w, err := fetch.weights(name)
	if err != nil {
		return "", nil, nil, err
	}
	if _, err := zoo.Lookup(w.Arch); err != nil { // before anything is downloaded
		return "", nil, nil, withCode(exitModel, fmt.Errorf("%s cannot be run yet: %w", w, err))
	}
	if w.String() != name {
		c.note("%s is %s", path, w)
	}
	local, err = fetch.pull(cmd.Context(), c, w)
	if err != nil {
		return "", nil, nil, err
	}
	g := *f
	if g.arch == "" {
		g.arch = w.Arch
	}
	return local, []octet.OpenOption{octet.WithMadeFor(w.Backend), octet.WithLabels(w.Categories()), octet.WithPreset(w.Preset)}, &g, nil
}

// alreadyInt8 is the error of a command that takes float models only; of weights
// it names those that they were made of.
func alreadyInt8(path string) error {
	float := "the float model that it was made of"
	if name, ok := strings.CutPrefix(path, zooPrefix); ok {
		if w, err := getWeights(name); err == nil && w.Unquantized != "" {
			float = zooPrefix + w.Unquantized + ", which it was made of"
		}
	}
	return withCode(exitModel, fmt.Errorf("%s is an int8 model already: name %s", path, float))
}
