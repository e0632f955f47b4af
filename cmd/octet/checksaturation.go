package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/ptq"
)

// saturationFlags are the flags of `octet check-saturation`.
type saturationFlags struct {
	model inputs.ModelFlags
	batch inputs.DataFlags
	data  []string
}

func newCheckSaturationCommand(c *console.Console) *cobra.Command {
	f := &saturationFlags{}
	cmd := &cobra.Command{
		Use:   "check-saturation MODEL",
		Short: "List the layers of an int8 model that saturate in other runtimes",
		Long: `check-saturation lists the layers of an int8 model, .pth or .onnx, that other runtimes
may compute wrongly on x86 CPUs without VNNI: PyTorch's fbgemm, and ONNX Runtime unless
session.x64quantprecision is set. Both multiply with VPMADDUBSW there, which adds two
products of an unsigned and a signed byte in 16 bits, and saturates. octet is exact on
every CPU.

The worst case follows from the weights alone: for every output channel the largest sum
of two neighbouring products, with activations from 0 to 255. Neighbours are products of
adjacent channels of one tap, as both runtimes lay weights out. With --data the model
also runs, and results whose sums leave 16 bits are counted.`,
		Example: `  octet check-saturation int8.onnx
  octet check-saturation resnet18_int8.pth --data photos/ --limit 16 --json`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: inputs.CompleteModel(),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return runCheckSaturation(c, cmd, f, args[0])
		}),
	}
	f.model.Register(cmd)
	f.batch.Register(cmd, 1)
	cmd.Flags().StringArrayVar(&f.data, "data", nil, "also run the model on `DATA`: a folder or archive of images, an IDX file, a .npy or .npz")
	return cmd
}

// saturationOutput is the JSON document of `octet check-saturation`.
type saturationOutput struct {
	Model  string            `json:"model"`
	Order  string            `json:"order"` // in which products are paired
	Inputs int               `json:"inputs"`
	Layers []*ptq.LayerPairs `json:"layers"`
	// MayWorst and Saturate count layers: by their weights, and on the data.
	MayWorst int    `json:"may_saturate"`
	Saturate int    `json:"saturate"`
	Remedy   string `json:"remedy,omitempty"`
}

const (
	pairOrder = "taps, then channels: neighbours are adjacent channels of one tap"
	remedy    = "quantize with --backend fbgemm and its default --qconfig, whose activations end at 127 (reduce_range), or with " +
		"--weight-bits 7; or leave these layers in float: --exclude NODE; ONNX Runtime is exact with session.x64quantprecision=1"
)

func runCheckSaturation(c *console.Console, cmd *cobra.Command, f *saturationFlags, path string) error {
	model, err := f.model.Open(c, cmd, path)
	if err != nil {
		return err
	}
	out := saturationOutput{Model: path, Order: pairOrder}
	var batches octet.Batches
	var data *inputs.Data
	if len(f.data) > 0 {
		if data, err = f.batch.Open(c, model, f.data); err != nil {
			return err
		}
		defer data.Close()
		batches = data.Tensors(cmd.Context(), f.batch.BatchSize)
	}
	if out.Layers, err = model.CheckSaturation(cmd.Context(), batches, octet.WithThreads(f.batch.Threads)); err != nil {
		if cmd.Context().Err() != nil {
			return err
		}
		return exit.WithCode(exit.Model, err)
	}
	if data != nil {
		out.Inputs = data.Total() - len(data.Skipped())
	}
	for _, l := range out.Layers {
		if l.Channels > 0 {
			out.MayWorst++
		}
		if l.Observed != nil && l.Observed.Saturated > 0 {
			out.Saturate++
		}
	}
	if out.MayWorst > 0 {
		out.Remedy = remedy
	}
	return c.Result(out, out.print)
}

func (o saturationOutput) print(w io.Writer) {
	if o.MayWorst == 0 {
		fmt.Fprintf(w, "none of %d layers with int8 weights can saturate, whatever the activations\n", len(o.Layers))
		return
	}
	fmt.Fprintf(w, "%d of %d layers with int8 weights may saturate in the worst case of the activations", o.MayWorst, len(o.Layers))
	if o.Inputs > 0 {
		fmt.Fprintf(w, "; %d do on %d inputs", o.Saturate, o.Inputs)
	}
	fmt.Fprintf(w, "\npairs   %s\n", o.Order)
	for _, l := range o.Layers {
		if l.Channels == 0 {
			continue
		}
		fmt.Fprintf(w, "%-32s %4d of %4d channels, largest sum %d", l.Node, l.Channels, l.Of, l.Worst)
		if l.Depthwise {
			fmt.Fprint(w, "; depthwise: exact in ONNX Runtime")
		}
		if s := l.Observed; s != nil {
			fmt.Fprintf(w, "; observed: %d of %d results, largest sum %d", s.Saturated, s.Results, s.Largest)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "remedy  %s\n", o.Remedy)
}
