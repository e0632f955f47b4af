package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// newParityLayersCommand is the hidden command by which tools/parity feeds every
// node PyTorch's own integers.
func newParityLayersCommand(c *console.Console) *cobra.Command {
	var model inputs.ModelFlags
	var feed, output string
	cmd := &cobra.Command{
		Use:    "parity-layers MODEL.pth --feed FOLDER --output FOLDER",
		Short:  "Compute every node alone, on inputs from files",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			m, err := model.Open(c, cmd, args[0])
			if err != nil {
				return err
			}
			return parityLayers(cmd.Context(), m, feed, output)
		}),
	}
	model.Register(cmd)
	cmd.Flags().StringVar(&feed, "feed", "", "folder with the inputs of every node")
	cmd.Flags().StringVar(&output, "output", "", "folder for the outputs")
	cmd.MarkFlagRequired("feed")
	cmd.MarkFlagRequired("output")
	return cmd
}

func parityLayers(ctx context.Context, model *octet.Model, feed, output string) error {
	index, err := readLayerIndex(feed)
	if err != nil {
		return exit.WithCode(exit.Data, err)
	}
	w, err := newLayerWriter(output, model.Arch(), string(model.Backend()))
	if err != nil {
		return err
	}
	for _, entry := range index.Nodes {
		if err := ctx.Err(); err != nil {
			return err
		}
		node, ok := model.Graph().Node(entry.Name)
		if !ok {
			continue // tools/parity reports it as missing
		}
		y, err := computeAlone(ctx, model, node, feed, entry)
		if err != nil {
			return exit.WithCode(exit.Data, fmt.Errorf("node %s: %w", entry.Name, err))
		}
		if err := w.add(node.Name, node.Op.Kind(), y); err != nil {
			return err
		}
	}
	return w.close()
}

// computeAlone runs one node on the inputs of the feed folder. Weights and the
// parameters of the result are the model's; inputs with other parameters than
// the graph has are refused.
func computeAlone(ctx context.Context, model *octet.Model, node *graph.Node, feed string, entry layerEntry) (*tensor.Tensor, error) {
	var inputs []*tensor.Tensor
	at := 0
	for _, v := range node.Inputs {
		if v.Role == graph.Parameter {
			continue
		}
		if at == len(entry.Inputs) {
			return nil, fmt.Errorf("the index has %d inputs, the node takes more", len(entry.Inputs))
		}
		t, err := entry.Inputs[at].read(feed)
		if err != nil {
			return nil, err
		}
		if t.DType() != v.Type.DType || !t.QParams().Equal(v.Type.Q) {
			return nil, fmt.Errorf("input %d is %v, the graph has %v", at, t, v.Type)
		}
		inputs = append(inputs, t)
		at++
	}
	if at != len(entry.Inputs) {
		return nil, fmt.Errorf("the index has %d inputs, the node takes %d", len(entry.Inputs), at)
	}
	program, err := engine.Compile(alone(model.Graph(), node), engine.Options{})
	if err != nil {
		return nil, err
	}
	y, err := program.NewSession().Run(ctx, inputs...)
	if err != nil {
		return nil, err
	}
	return y[0], nil
}

// alone is a graph of one node with its parameters.
func alone(g *graph.Graph, node *graph.Node) *graph.Graph {
	one := graph.New(g.Name)
	one.Numerics = g.Numerics
	var inputs []*graph.Value
	for i, v := range node.Inputs {
		if v.Role == graph.Parameter {
			inputs = append(inputs, one.AddConst(v.Name, v.Data))
			continue
		}
		inputs = append(inputs, one.AddInput(fmt.Sprintf("in%d", i), graph.Type{DType: v.Type.DType, Q: v.Type.Q}))
	}
	y := one.AddNode(node.Name, node.Op, inputs...)
	y.Type = node.Output().Type
	one.Outputs = append(one.Outputs, y)
	return one
}
