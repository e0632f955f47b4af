package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// tensorFlags are the flags of `octet tensor`.
type tensorFlags struct {
	source operandFlags
	other  operandFlags // of --with

	dtype      string
	scheme     string
	axis       int
	perChannel bool
	symmetric  bool
	quantMin   int
	quantMax   int
	scale      float64
	zeroPoint  int64
	rows       int
	op         string
	backend    string

	changed func(flag string) bool
}

func newTensorCommand(c *console.Console) *cobra.Command {
	f := &tensorFlags{}
	cmd := &cobra.Command{
		Use:   "tensor {NUMBER... | FILE | -}",
		Short: "Quantize numbers by hand and show the error made",
		Long: `tensor shows every step of quantizing a tensor:

  minimum and maximum -> scale and zero point -> codes -> dequantized numbers,

and the error made: largest and mean absolute error, and the signal-to-noise
ratio (SQNR) in decibels. The numbers come from the command line, a .npy or .npz
file, a .safetensors file or a PyTorch checkpoint (--tensor names the tensor), or,
as -, from a .npy array on standard input.

With --op and --with, two quantized tensors are added, multiplied, ... on their
codes, and the result is compared with the same operation on the real numbers.
conv2d and linear take a weight as second operand and quantize it as PyTorch does,
to symmetric qint8; the pools have windows of 2 x 2.`,
		Example: `  octet tensor -1.5 0 0.25 3
  octet tensor 0.1,-0.2,0.7,2 --shape 2,2 --per-channel --dtype qint8
  octet tensor weights.safetensors --tensor conv1.weight --dtype qint8 --per-channel
  octet tensor 1 2 3 --with "0.5,-0.5,4" --op add`,
		Args: cobra.MinimumNArgs(1),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			f.source.args = args
			f.changed = cmd.Flags().Changed
			return runTensor(c, f)
		}),
	}
	fl := cmd.Flags()
	fl.StringVar(&f.dtype, "dtype", "quint8", "type of the codes: quint8, qint8 or qint32")
	fl.StringVar(&f.scheme, "qscheme", "", "PyTorch's name of the scheme, in place of --symmetric and --per-channel")
	fl.BoolVar(&f.symmetric, "symmetric", false, "zero point in the middle of the codes, instead of an affine mapping")
	fl.BoolVar(&f.perChannel, "per-channel", false, "a scale and a zero point for every index of --axis")
	fl.IntVar(&f.axis, "axis", 0, "channel axis of --per-channel; negative counts from the end")
	fl.IntVar(&f.quantMin, "quant-min", 0, "smallest code the range is mapped to (with --quant-max)")
	fl.IntVar(&f.quantMax, "quant-max", 0, "largest code the range is mapped to (with --quant-min)")
	fl.Float64Var(&f.scale, "scale", 0, "use this scale instead of one from the minimum and maximum")
	fl.Int64Var(&f.zeroPoint, "zero-point", 0, "use this zero point (with --scale)")
	fl.StringVar(&f.source.tensor, "tensor", "", "name of the tensor in the file")
	fl.IntSliceVar(&f.source.shape, "shape", nil, "shape of the numbers, such as 2,3 (default: one axis)")
	fl.StringVar(&f.op, "op", "", "operation on two quantized tensors: "+joinOps())
	fl.StringArrayVar(&f.other.args, "with", nil, "second operand of --op: numbers or a file")
	fl.StringVar(&f.other.tensor, "with-tensor", "", "name of the second operand in its file")
	fl.IntSliceVar(&f.other.shape, "with-shape", nil, "shape of the second operand")
	fl.StringVar(&f.backend, "backend", "fbgemm", "rules of --op: "+strings.Join(inputs.BackendNames, ", "))
	fl.IntVar(&f.rows, "rows", 16, "how many elements to print; 0 prints all")
	console.Complete(cmd, "backend", inputs.BackendNames...)
	console.Complete(cmd, "dtype", "quint8", "qint8", "qint32")
	console.Complete(cmd, "op", tensorOpNames()...)
	console.Complete(cmd, "qscheme", "per_tensor_affine", "per_tensor_symmetric", "per_channel_affine", "per_channel_symmetric")
	console.Together(cmd, "quant-min", "quant-max")
	console.Together(cmd, "scale", "zero-point")
	return cmd
}

func runTensor(c *console.Console, f *tensorFlags) error {
	recipe, err := f.recipe()
	if err != nil {
		return exit.WithCode(exit.Usage, err)
	}
	x, err := f.source.load(c.In)
	if err != nil {
		return err
	}
	steps, err := recipe.apply(x)
	if err != nil {
		return exit.WithCode(exit.Data, err)
	}
	if f.op == "" {
		return c.Result(steps.document(), steps.printer(f.rows))
	}
	result, err := f.operate(c.In, recipe, steps)
	if err != nil {
		return err
	}
	return c.Result(result.document(), result.printer(f.rows))
}

// recipe says how a tensor is quantized by hand.
type recipe struct {
	dtype  tensor.DType
	scheme quant.QScheme
	codes  quant.CodeRange
	axis   int
	given  *tensor.QParams // --scale and --zero-point
}

func (f *tensorFlags) recipe() (recipe, error) {
	r := recipe{axis: f.axis}
	var err error
	if r.dtype, err = tensor.ParseDType(f.dtype); err != nil || !r.dtype.IsQuantized() {
		return r, exit.Usagef("--dtype %s is no quantized type: use quint8, qint8 or qint32", f.dtype)
	}
	if r.scheme, err = f.qscheme(); err != nil {
		return r, err
	}
	var lo, hi *int
	if f.changed("quant-min") {
		lo, hi = &f.quantMin, &f.quantMax
	}
	if r.codes, err = quant.NewCodeRange(r.dtype, lo, hi, false); err != nil {
		return r, err
	}
	if f.changed("scale") {
		if r.scheme.IsPerChannel() {
			return r, exit.Usagef("--scale is one number; it cannot be combined with a per-channel scheme")
		}
		r.given = tensor.Affine(f.scale, f.zeroPoint)
	}
	return r, nil
}

func (f *tensorFlags) qscheme() (quant.QScheme, error) {
	if f.scheme != "" {
		if f.symmetric || f.perChannel {
			return 0, exit.Usagef("--qscheme already says what --symmetric and --per-channel say")
		}
		s, err := quant.ParseQScheme(f.scheme)
		if err == nil && s == quant.PerChannelAffineFloatQParams {
			err = exit.Usagef("%v has float zero points and is for embedding tables; use one of the other schemes", s)
		}
		return s, err
	}
	switch {
	case f.perChannel && f.symmetric:
		return quant.PerChannelSymmetric, nil
	case f.perChannel:
		return quant.PerChannelAffine, nil
	case f.symmetric:
		return quant.PerTensorSymmetric, nil
	}
	return quant.PerTensorAffine, nil
}
