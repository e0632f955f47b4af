package statedict_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// net is quant -> conv -> bn -> relu -> conv2 -> add(with relu's result) -> fc -> dequant.
func net() *graph.Graph {
	g := graph.New("net")
	conv := op.Conv2D{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
	x := g.AddNode("quant", op.Quantize{}, g.AddInput("x", graph.Float32))
	y := g.AddNode("conv", conv, x, g.AddParam("conv.weight", 2, 2, 1, 1))
	in := []*graph.Value{y}
	for _, p := range []string{"weight", "bias", "running_mean", "running_var"} {
		in = append(in, g.AddParam("bn."+p, 2))
	}
	y = g.AddNode("relu", op.Clamp{Act: quant.ReLU}, g.AddNode("bn", op.BatchNorm{Eps: 1e-5}, in...))
	z := g.AddNode("conv2", conv, y, g.AddParam("conv2.weight", 2, 2, 1, 1))
	z = g.AddNode("add", op.Add{}, z, y)
	z = g.AddNode("flat", op.Flatten{Start: 1, End: -1}, g.AddNode("pool", op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}, z))
	z = g.AddNode("fc", op.Linear{}, z, g.AddParam("fc.weight", 3, 2), g.AddParam("fc.bias", 3))
	g.Outputs = append(g.Outputs, g.AddNode("dequant", op.Dequantize{}, z))
	return g
}

func filled(shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, shape...)
	for i := range t.Float32s() {
		t.Float32s()[i] = float32(i+1) / 4
	}
	return t
}

func floatDict() *torch.StateDict {
	sd := &torch.StateDict{Source: "net.pth"}
	for _, p := range net().Params {
		sd.SetTensor(p.Name, filled(p.Type.Shape...))
	}
	sd.SetTensor("bn.num_batches_tracked", tensor.New(tensor.Int64))
	return sd
}

func TestBind(t *testing.T) {
	sd := floatDict()
	sd.SetTensor("fc.bias", tensor.OfType(tensor.Float16, []uint16{0x3c00, 0xc000, 0x3800}, 3))
	sd.SetTensor("bn.bias", tensor.OfType(tensor.BFloat16, []uint16{0x3f80, 0xc000}, 2))
	sd.SetTensor("bn.weight", tensor.Of([]float64{1, 2}, 2))
	g, err := statedict.Bind(net(), sd)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float32{"fc.bias": {1, -2, 0.5}, "bn.bias": {1, -2}, "bn.weight": {1, 2}, "conv.weight": {0.25, 0.5, 0.75, 1}} {
		p, _ := g.Param(name)
		if diff := cmp.Diff(want, p.Data.Float32s()); diff != "" {
			t.Errorf("%s %s", name, diff)
		}
	}
	sd.Delete("bn.num_batches_tracked")
	if _, err := statedict.Bind(net(), sd); err != nil {
		t.Errorf("without num_batches_tracked: %v", err)
	}
}

func TestBindReportsEveryDifference(t *testing.T) {
	sd := floatDict()
	nan := float32(math.NaN())
	sd.Delete("conv.weight")
	sd.SetTensor("head.weight", filled(2))
	sd.SetTensor("fc.weight", filled(3, 5))
	sd.SetTensor("fc.bias", tensor.New(tensor.Int64, 3))
	sd.SetTensor("bn.weight", tensor.Of([]float32{nan, 1}, 2))
	sd.SetTensor("bn.running_var", tensor.Of([]float32{-1, 1}, 2))
	sd.Set("bn.bias", torch.None{})
	_, err := statedict.Bind(net(), sd)
	var m *statedict.MismatchError
	if !errors.As(err, &m) {
		t.Fatalf("error %v", err)
	}
	want := []statedict.Difference{
		{Key: "conv.weight", Problem: statedict.Missing, Expected: "float32[2, 2, 1, 1]"},
		{Key: "bn.weight", Problem: statedict.BadValue, Found: "1 of 2 values NaN"},
		{Key: "bn.bias", Problem: statedict.WrongType, Expected: "float32[2]", Found: "None"},
		{Key: "bn.running_var", Problem: statedict.BadValue, Found: "1 of 2 values negative variances"},
		{Key: "fc.weight", Problem: statedict.WrongShape, Expected: "[3, 2]", Found: "[3, 5]"},
		{Key: "fc.bias", Problem: statedict.WrongType, Expected: "float32[3]", Found: "int64[3]"},
		{Key: "head.weight", Problem: statedict.Extra, Found: "float32[2]"},
	}
	if diff := cmp.Diff(want, m.Differences); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, part := range []string{"net.pth does not fit net: 1 missing, 1 extra, 1 wrong shape, 2 wrong type, 2 bad value", "wrong shape fc.weight: expected [3, 2], found [3, 5]"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in\n%v", part, err)
		}
	}
}

func convertedDict() *torch.StateDict {
	sd := &torch.StateDict{Source: "int8.pth"}
	params := func(p string, scale float32, zero int64, shape ...int) {
		sd.SetTensor(p+".scale", tensor.Of([]float32{scale}, shape...))
		sd.SetTensor(p+".zero_point", tensor.Of([]int64{zero}, shape...))
	}
	q := tensor.PerAxis([]float64{0.5, 0.25}, []int64{0, 0}, 0)
	sd.SetTensor("conv.weight", tensor.OfQuantized([]int8{1, 2, 3, 4}, q, 2, 2, 1, 1))
	sd.Set("conv.bias", torch.NewParameter(filled(2), true))
	params("conv", 0.1, 0)
	sd.SetTensor("conv2.weight", tensor.OfQuantized([]int8{1, 2, 3, 4}, q, 2, 2, 1, 1))
	sd.Set("conv2.bias", torch.None{})
	params("conv2", 0.2, 60)
	params("add", 0.3, 50)
	params("fc", 0.4, 40)
	fc := tensor.OfQuantized([]int8{1, 2, 3, 4, 5, 6}, tensor.PerAxis([]float64{1, 1, 1}, []int64{0, 0, 0}, 0), 3, 2)
	sd.Set("fc._packed_params.dtype", torch.DType(tensor.QInt8))
	sd.Set("fc._packed_params._packed_params", &torch.PackedLinear{Weight: torch.NewTensor(fc), Bias: torch.NewParameter(filled(3), true)})
	params("quant", 0.05, 64, 1)
	return sd
}

func TestBindQuantizedRoundTrip(t *testing.T) {
	for _, numerics := range []quant.Numerics{quant.NumericsUnset, quant.QNNPACK} {
		sd := convertedDict()
		g, notes, err := statedict.BindQuantized(net(), sd, statedict.QuantizedOptions{Numerics: numerics})
		if err != nil {
			t.Fatal(err)
		}
		if numerics == quant.NumericsUnset { // assumed, and said
			if g.Numerics != quant.FBGEMM || len(notes) != 1 {
				t.Errorf("assumed numerics %v, notes %q", g.Numerics, notes)
			}
		} else if g.Numerics != numerics || notes != nil {
			t.Errorf("numerics %v, told %v; notes %q", g.Numerics, numerics, notes)
		}
		for name, want := range map[string]*tensor.QParams{
			"quant": tensor.Affine(float64(float32(0.05)), 64), "conv": tensor.Affine(float64(float32(0.1)), 0),
			"add": tensor.Affine(float64(float32(0.3)), 50), "flat": tensor.Affine(float64(float32(0.3)), 50), "dequant": nil,
		} {
			n, ok := g.Node(name)
			if !ok || !n.Output().Type.Q.Equal(want) {
				t.Errorf("%s: %v, want %v", name, n.Output().Type, want)
			}
		}
		back, err := statedict.ExportStateDict(g)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sd.Keys(), back.Keys()); diff != "" {
			t.Errorf("keys (-want +got)\n%s", diff)
		}
		bias, _ := back.Entry("conv2.bias")
		if _, none := bias.(torch.None); none != (numerics != quant.QNNPACK) {
			t.Errorf("%v: bias of a layer without one is %T", g.Numerics, bias)
		}
		scale, _ := back.Tensor("quant.scale")
		if !scale.Shape().Equal(tensor.Shape{1}) {
			t.Errorf("the stub's scale is %v", scale)
		}
		if back.Metadata["fc._packed_params"] != 3 || back.Metadata["conv"] != 1 {
			t.Errorf("metadata %v", back.Metadata)
		}
	}
}

// A layer with float weights stays float, and what it hands to integers is
// quantized by parameters under its name.
func TestBindQuantizedKeepsFloatLayers(t *testing.T) {
	sd := convertedDict()
	sd.SetTensor("conv2.weight", filled(2, 2, 1, 1))
	sd.Delete("conv2.bias")
	sd.Delete("conv2.scale")
	sd.Delete("conv2.zero_point")
	_, _, err := statedict.BindQuantized(net(), sd, statedict.QuantizedOptions{})
	var m *statedict.MismatchError
	if !errors.As(err, &m) || len(m.Differences) != 2 || m.Differences[0].Key != "conv2.quant.scale" {
		t.Fatalf("error %v", err)
	}
	sd.SetTensor("conv2.quant.scale", tensor.Of([]float32{0.2}, 1))
	sd.SetTensor("conv2.quant.zero_point", tensor.Of([]int64{60}, 1))
	g, _, err := statedict.BindQuantized(net(), sd, statedict.QuantizedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range g.Nodes {
		names = append(names, n.Name)
		if err := n.CheckSignature(); err != nil {
			t.Error(err)
		}
	}
	if want := []string{"quant", "conv", "conv.dequant", "conv2", "conv2.quant", "add", "pool", "flat", "fc", "dequant"}; !slices.Equal(names, want) {
		t.Errorf("nodes %q, want %q", names, want)
	}
	back, err := statedict.ExportStateDict(g)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := statedict.BindQuantized(net(), back, statedict.QuantizedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Nodes) != len(g.Nodes) {
		t.Errorf("%d nodes behind a round trip, %d before", len(again.Nodes), len(g.Nodes))
	}
}

func TestBindQuantizedReportsDifferences(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*torch.StateDict)
		want   statedict.Difference
	}{
		"missing scale":  {func(sd *torch.StateDict) { sd.Delete("add.scale") }, statedict.Difference{Key: "add.scale", Problem: statedict.Missing, Expected: "float32 with one element"}},
		"missing weight": {func(sd *torch.StateDict) { sd.Delete("conv.weight") }, statedict.Difference{Key: "conv.weight", Problem: statedict.Missing, Expected: "qint8[2, 2, 1, 1]"}},
		"missing bias":   {func(sd *torch.StateDict) { sd.Delete("conv.bias") }, statedict.Difference{Key: "conv.bias", Problem: statedict.Missing, Expected: "float32[2] or None"}},
		"extra":          {func(sd *torch.StateDict) { sd.SetTensor("bn.weight", filled(2)) }, statedict.Difference{Key: "bn.weight", Problem: statedict.Extra, Found: "float32[2]"}},
		"zero scale":     {func(sd *torch.StateDict) { sd.SetTensor("fc.scale", tensor.New(tensor.Float32)) }, statedict.Difference{Key: "fc.scale", Problem: statedict.BadValue, Found: "scale 0 is 0; a scale must be finite and positive"}},
		"zero point":     {func(sd *torch.StateDict) { sd.SetTensor("fc.zero_point", tensor.Of([]int64{256})) }, statedict.Difference{Key: "fc.zero_point", Problem: statedict.BadValue, Found: "zero point 0 is 256, outside 0..255 of quint8"}},
		"shape": {func(sd *torch.StateDict) {
			sd.SetTensor("conv.weight", tensor.OfQuantized(make([]int8, 2), tensor.Affine(1, 0), 1, 2, 1, 1))
		}, statedict.Difference{Key: "conv.weight", Problem: statedict.WrongShape, Expected: "[2, 2, 1, 1]", Found: "[1, 2, 1, 1]"}},
		"bias with NaN": {func(sd *torch.StateDict) {
			sd.SetTensor("conv.bias", tensor.Of([]float32{float32(math.NaN()), 0}, 2))
		}, statedict.Difference{Key: "conv.bias", Problem: statedict.BadValue, Found: "1 of 2 values NaN"}},
	} {
		t.Run(name, func(t *testing.T) {
			sd := convertedDict()
			tc.change(sd)
			_, _, err := statedict.BindQuantized(net(), sd, statedict.QuantizedOptions{})
			var m *statedict.MismatchError
			if !errors.As(err, &m) {
				t.Fatalf("error %v", err)
			}
			if !slices.Contains(m.Differences, tc.want) {
				t.Errorf("got %+v, want %+v", m.Differences, tc.want)
			}
		})
	}
}

func TestBindRefusesTheOtherStage(t *testing.T) {
	if _, err := statedict.Bind(net(), convertedDict()); err == nil || !strings.Contains(err.Error(), "expected a float one") {
		t.Errorf("error %v", err)
	}
	sd := floatDict()
	if _, _, err := statedict.BindQuantized(net(), sd, statedict.QuantizedOptions{}); err == nil || !strings.Contains(err.Error(), "expected a converted") {
		t.Errorf("error %v", err)
	}
	sd.SetTensor("conv.activation_post_process.min_val", filled())
	if _, _, err := statedict.BindQuantized(net(), sd, statedict.QuantizedOptions{}); err == nil || !strings.Contains(err.Error(), "not converted") {
		t.Errorf("error %v", err)
	}
}
