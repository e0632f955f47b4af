package pt2

import (
	"errors"
	"strings"

	"github.com/octet-ml/octet/internal/script"
	"github.com/octet-ml/octet/tensor"
)

// scouting follows code without building anything, to see which layer reads an input first: that
// tells how many axes it has, and how many channels.
type scouting struct {
	inputs []scriptInput
	from   map[*script.Tensor]int // the input that a value is, perhaps scaled or shifted
	alike  map[*script.Tensor]int // the input whose elements, or some of them, a value has
	open   int                    // inputs of which nothing is known yet
}

// errScouted ends the search: all inputs are known.
var errScouted = errors.New("all inputs are known")

// scout completes the inputs of which the file does not tell the sizes. Code that cannot be
// followed leaves the rest as it is.
func (f *File) scout(root *script.Object, names []string, inputs []scriptInput) {
	m := newScriptMachine(f)
	m.scouting = &scouting{inputs: inputs, from: map[*script.Tensor]int{}, alike: map[*script.Tensor]int{}}
	m.eval = script.New(m)
	var args []script.Value
	next := 0
	for _, name := range names {
		if next == len(inputs) || inputs[next].name != name {
			args = append(args, nil)
			continue
		}
		t := &script.Tensor{Name: name}
		m.scouting.from[t], m.scouting.alike[t] = next, next
		if inputs[next].sizes == nil {
			m.scouting.open++
		}
		args, next = append(args, t), next+1
	}
	_, f.script.stopped = m.eval.Forward(root, args)
}

// through are operators whose result has the shape and nearly the meaning of their first operand.
var through = map[string]bool{
	"sub": true, "add": true, "mul": true, "div": true, "to": true, "quantize_per_tensor": true, "contiguous": true, "detach": true, "clone": true,
	"sub_": true, "add_": true, "mul_": true, "div_": true, "clamp": true, "float": true, "dropout": true, "relu": true,
}

// typed are operators that take an operand of one element type, by the place of that operand.
var typed = map[string]struct {
	place int
	dtype tensor.DType
}{
	"embedding": {1, tensor.Int64}, "gather": {2, tensor.Int64}, "index_select": {2, tensor.Int64}, "one_hot": {0, tensor.Int64},
	"take_along_dim": {1, tensor.Int64}, "masked_fill": {1, tensor.Bool}, "masked_fill_": {1, tensor.Bool}, "where": {0, tensor.Bool},
}

// moving are operators whose result has elements of their first operand.
var moving = map[string]bool{
	"contiguous": true, "detach": true, "clone": true, "unsqueeze": true, "squeeze": true, "slice": true, "select": true, "expand": true, "expand_as": true,
	"view": true, "reshape": true, "flatten": true, "transpose": true, "permute": true, "repeat": true, "bitwise_not": true,
}

// learn notes the element type of an input that an operator reads.
func (s *scouting) learn(name string, args []script.Value, made *script.Tensor) {
	if of, ok := args[0].(*script.Tensor); ok && moving[name] {
		if i, ok := s.alike[of]; ok {
			s.alike[made] = i
		}
	}
	t, ok := typed[name]
	if !ok || t.place >= len(args) {
		return
	}
	if of, ok := args[t.place].(*script.Tensor); ok {
		if i, isInput := s.alike[of]; isInput && !s.inputs[i].traced {
			s.inputs[i].dtype = t.dtype
		}
	}
}

// do notes what a layer says of an input.
func (s *scouting) do(m *scriptMachine, c *script.Call) (script.Value, error) {
	if name, ok := strings.CutPrefix(c.Name, "ops.quantized."); ok && strings.HasSuffix(name, "_prepack") {
		return m.prepack(name, c)
	}
	name := c.Name[strings.LastIndexByte(c.Name, '.')+1:]
	made := &script.Tensor{Name: name}
	if len(c.Args) == 0 {
		return made, nil
	}
	s.learn(name, c.Args, made)
	operand := 0
	if name == "embedding" {
		operand = 1
	}
	if len(c.Args) <= operand {
		return made, nil
	}
	if name == "size" && len(c.Args) == 1 && len(c.Names) > 1 { // n, c, h, w = x.size()
		list := &script.List{}
		for range c.Names {
			list.Items = append(list.Items, script.Unknown{Why: "a size"})
		}
		return list, nil
	}
	t, _ := c.Args[operand].(*script.Tensor)
	i, isInput := s.from[t]
	if t == nil || !isInput || s.inputs[i].sizes != nil {
		if name == "size" || name == "len" || name == "dim" || strings.HasPrefix(c.Name, "ops.prim.") || strings.HasPrefix(c.Name, "sym.") {
			return script.Unknown{Why: "a size"}, nil
		}
		return made, nil
	}
	weight := func(at int) tensor.Shape {
		if len(c.Args) <= at {
			return nil
		}
		if w, ok := c.Args[at].(*script.Tensor); ok && m.stored[w] != nil {
			return m.stored[w].shape()
		}
		if p, err := m.packedOf(c.Args[at]); err == nil {
			return m.stored[p.weight].shape()
		}
		return nil
	}
	groups := func(at int) int {
		if len(c.Args) > at {
			if g, ok := c.Args[at].(int64); ok && g > 0 && g < 1<<20 {
				return int(g)
			}
		}
		return 1
	}
	var sizes []int
	in := &s.inputs[i]
	switch name {
	case "conv2d", "conv1d", "conv3d", "_convolution", "_convolution_mode", "conv2d_relu", "conv1d_relu":
		w := weight(1)
		if len(w) < 3 || len(w) > 5 {
			break
		}
		g := 1
		switch name {
		case "_convolution":
			g = groups(8)
		case "conv2d_relu", "conv1d_relu":
		default:
			g = groups(6)
		}
		if p, err := m.packedOf(c.Args[1]); err == nil {
			g = int(max(1, min(p.groups, 1<<20)))
		}
		sizes = make([]int, len(w))
		sizes[1] = w[1] * g
	case "linear", "linear_relu", "linear_dynamic", "linear_relu_dynamic":
		if w := weight(1); len(w) == 2 {
			sizes = []int{0, w[1]}
		}
	case "embedding":
		sizes, in.dtype = []int{0, 0}, tensor.Int64
	case "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "pixel_shuffle", "upsample_bilinear2d", "upsample_nearest2d":
		sizes = []int{0, 0, 0, 0}
	case "size", "len", "dim":
		return script.Unknown{Why: "a size"}, nil
	}
	if sizes != nil {
		in.sizes = sizes
		s.open--
	} else if through[name] {
		s.from[made] = i
	}
	if s.open == 0 {
		return nil, errScouted
	}
	return made, nil
}
