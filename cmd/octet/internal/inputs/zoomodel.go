package inputs

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/zoo"
)

// FromZoo fetches the file of zoo:NAME and returns options for what is known of it, which those
// of the flags override. A path is returned unchanged.
func (f *ModelFlags) FromZoo(c *console.Console, cmd *cobra.Command, path string) (local string, opts []octet.OpenOption, with *ModelFlags, err error) {
	name, ok := strings.CutPrefix(path, ZooPrefix)
	if !ok {
		return path, nil, f, nil
	}
	fetch := &FetchFlags{Float: f.Float, offline: f.Offline}
	w, err := fetch.Weights(name)
	if err != nil {
		return "", nil, nil, err
	}
	if _, err := zoo.Lookup(w.Arch); err != nil { // before anything is downloaded
		return "", nil, nil, exit.WithCode(exit.Model, fmt.Errorf("%s cannot be run yet: %w", w, err))
	}
	if w.String() != name {
		c.Note("%s is %s", path, w)
	}
	local, err = fetch.Pull(cmd.Context(), c, w)
	if err != nil {
		return "", nil, nil, err
	}
	g := *f
	if g.Arch == "" {
		g.Arch = w.Arch
	}
	return local, []octet.OpenOption{octet.WithMadeFor(octet.Backend(w.Backend)), octet.WithLabels(w.Categories()), octet.WithPreset(w.Preset)}, &g, nil
}

// AlreadyInt8 is the error of a command that takes float models only; for zoo weights it names
// the float weights that they were made of.
func AlreadyInt8(path string) error {
	float := "the float model that it was made of"
	if name, ok := strings.CutPrefix(path, ZooPrefix); ok {
		if w, err := GetWeights(name); err == nil && w.Unquantized != "" {
			float = ZooPrefix + w.Unquantized + ", which it was made of"
		}
	}
	return exit.WithCode(exit.Model, fmt.Errorf("%s is an int8 model already: name %s", path, float))
}
