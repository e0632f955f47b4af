package measure

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/timing"
)

// FloatLayers is the float graph whose layers m's are compared with: that of a
// float model's file, or m's own twin.
func (f *WorkloadFlags) FloatLayers(c *console.Console, cmd *cobra.Command, m *octet.Model, file string) (*graph.Graph, error) {
	if file == "" {
		g, err := timing.FloatTwin(m.Graph())
		return g, exit.WithCode(exit.Model, err)
	}
	flags := f.Model
	flags.Arch, flags.Backend = m.Arch(), ""
	float, err := flags.Open(c, cmd, file)
	if err != nil {
		return nil, err
	}
	if float.Quantized() {
		return nil, exit.WithCode(exit.Model, fmt.Errorf("--float: %s is an int8 model; name the float model it was made from", file))
	}
	g, err := float.FusedGraph()
	return g, exit.WithCode(exit.Model, err)
}
