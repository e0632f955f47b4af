package octet

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// WithPixels writes a model that takes images as they are decoded, uint8 from 0 to 255, and
// normalises them itself, as the model's preset says and to the bit. The preset of the file
// says so (vision.Preset.Pixels), and keeps resizing and cropping.
func WithPixels() ExportOption { return exportFunc(func(e *export) { e.pixels = true }) }

// WithChannelsLast writes a model that takes images as [N, H, W, C], as they are decoded.
func WithChannelsLast() ExportOption { return exportFunc(func(e *export) { e.channelsLast = true }) }

// toNCHW and toNHWC are the orders of axes between [N, H, W, C] and [N, C, H, W].
var toNCHW, toNHWC = []int{0, 3, 1, 2}, []int{0, 2, 3, 1}

// front is what a file computes in front of a model, so that it takes other inputs.
type front struct {
	preset               vision.Preset // of the model without it
	pixels, channelsLast bool
}

// newFront returns what the options ask for, nil where inputs stay as they are.
func (m *Model) newFront(e export) (*front, error) {
	if !e.pixels && !e.channelsLast {
		return nil, nil
	}
	if d := m.declared; d != nil && (len(d.inputs) != 1 || d.inputs[0].DType != tensor.Float32 || d.inputs[0].Shape != nil && len(d.inputs[0].Shape) != 4) {
		return nil, classed{fmt.Errorf("%s takes %v: only of a model that takes float32 [N, C, H, W] alone can the input become pixels, or [N, H, W, C]", m.name(), d.inputs), ErrRecipe}
	}
	preset, _, err := m.Preset()
	if err != nil {
		return nil, classed{err, ErrRecipe}
	}
	if channels := m.Channels(); channels != 0 && channels != preset.Channels {
		return nil, classed{fmt.Errorf("%s takes %d channels, its preset makes %d", m.name(), channels, preset.Channels), ErrRecipe}
	}
	if preset.Pixels && e.pixels || preset.ChannelsLast && e.channelsLast {
		return nil, classed{fmt.Errorf("%s takes such images already", m.name()), ErrRecipe}
	}
	return &front{preset, e.pixels, e.channelsLast}, nil
}

// taken is the preset of images for the file.
func (f *front) taken() vision.Preset {
	p := clonePreset(f.preset)
	if f.channelsLast {
		p.ChannelsLast = true
	}
	if f.pixels {
		p.Pixels, p.Mean, p.Std = true, nil, nil
	}
	return p
}

// port is the input of the file, where p is that of the model.
func (f *front) port(p onnx.Port) onnx.Port {
	if f.channelsLast && p.Sizes != nil {
		sizes, names := slices.Clone(p.Sizes), slices.Clone(p.Names)
		for i, axis := range toNHWC {
			sizes[i], names[i] = p.Sizes[axis], p.Names[axis]
		}
		p.Sizes, p.Names = sizes, names
	}
	if f.pixels {
		p.DType = tensor.UInt8
	}
	return p
}

// before returns g with what is computed in front of it. Steps are those of
// vision.Preset.Numbers, so that their results are the same.
func (f *front) before(g *graph.Graph) *graph.Graph {
	g = g.Clone()
	x := g.Inputs[0]
	x.Type.Shape, x.Sizes = nil, nil
	v := x
	var first *graph.Node // which reads x itself
	step := func(name string, o graph.Op, in ...*graph.Value) {
		v = g.InsertAfter(v, x.Name+"/"+name, o, graph.Float32, append([]*graph.Value{v}, in...)...)
		if first == nil {
			first = v.Node
		}
	}
	perChannel := func(name string, values []float64) *graph.Value {
		data := make([]float32, len(values))
		for i, n := range values {
			data[i] = float32(n)
		}
		return g.AddConst(x.Name+"/"+name, tensor.Of(data, len(data), 1, 1))
	}
	if f.channelsLast {
		step("channels_first", op.Transpose{Perm: toNCHW})
	}
	if f.pixels {
		step("scaled", op.Div{}, perChannel("levels", []float64{255}))
		if len(f.preset.Mean) > 0 {
			step("centred", op.Sub{}, perChannel("mean", f.preset.Mean))
			step("normalized", op.Div{}, perChannel("std", f.preset.Std))
		}
	}
	g.ReplaceUses(x, v, first)
	return g
}

// through returns an input of the model for one of the file, whose pixels it draws.
func (f *front) through(x *tensor.Tensor) *tensor.Tensor {
	r := rand.New(rand.NewPCG(1, 1))
	if f.pixels {
		for i := range x.Bytes() {
			x.Bytes()[i] = uint8(r.Uint32())
		}
	}
	shape := x.Shape()
	if f.channelsLast {
		shape = tensor.Shape{shape[0], shape[3], shape[1], shape[2]}
	}
	y := tensor.New(tensor.Float32, shape...)
	area := shape[2] * shape[3]
	for n := range shape[0] {
		for c := range shape[1] {
			numbers := f.preset.Numbers(c)
			for i := range area {
				to := (n*shape[1]+c)*area + i
				from := to
				if f.channelsLast {
					from = (n*area+i)*shape[1] + c
				}
				if f.pixels {
					y.Float32s()[to] = numbers[x.Bytes()[from]]
				} else {
					y.Float32s()[to] = x.Float32s()[from]
				}
			}
		}
	}
	return y
}
