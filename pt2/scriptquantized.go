package pt2

import (
	"errors"
	"fmt"
	"strings"

	"github.com/octet-ml/octet/internal/script"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// packed is a layer's weight and bias as TorchScript keeps them, with a convolution's geometry.
type packed struct {
	weight, bias                     *script.Tensor // bias may be nil
	stride, padding, dilation, extra []int64        // nil of a linear layer
	groups                           int64
	transposed                       bool
}

// packedOf is the value of a layer's packed parameters.
func (m *scriptMachine) packedOf(v script.Value) (*packed, error) {
	switch v := v.(type) {
	case *packed:
		return v, nil
	case *script.Object:
		o, _ := v.State.(*torch.Opaque)
		if o == nil {
			break
		}
		if made := m.packed[o]; made != nil {
			return made, nil
		}
		made, err := m.unpack(v, o)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", v.Path, v.Class, err)
		}
		m.packed[o] = made
		return made, nil
	}
	return nil, fmt.Errorf("%s where packed parameters belong", script.Describe(v))
}

// unpack reads packed parameters as PyTorch pickles them.
func (m *scriptMachine) unpack(v *script.Object, o *torch.Opaque) (*packed, error) {
	// The module that has them bears the names of the state dict.
	path := strings.TrimSuffix(v.Path, "_packed_params")
	path = strings.TrimSuffix(strings.TrimSuffix(path, "."), "._packed_params")
	state, err := m.value(o.State, v.Path, m.ofConstants(v.Path))
	if err != nil {
		return nil, err
	}
	list, ok := state.(*script.List)
	for range 2 { // the state may be wrapped, with the name of its class behind it
		if ok && len(list.Items) > 0 {
			if inner, is := list.Items[0].(*script.List); is && len(list.Items) <= 2 && inner.Tuple {
				list = inner
			}
		}
	}
	if !ok || len(list.Items) < 2 {
		return nil, errors.New("its state is no tuple")
	}
	switch strings.TrimPrefix(v.Class, torchClasses) {
	case "quantized.LinearPackedParamsBase":
		return m.pack(path, list.Items[0], list.Items[1], nil)
	case "quantized.Conv2dPackedParamsBase":
		version, _ := list.Items[0].(string)
		if len(list.Items) != 3 || version != "2" {
			return nil, fmt.Errorf("its state is not that of version 2, of PyTorch 1.6 or later")
		}
		tensors, ok1 := list.Items[1].(*script.List)
		optional, ok2 := list.Items[2].(*script.List)
		if !ok1 || !ok2 || len(tensors.Items) != 2 || len(optional.Items) < 1 {
			return nil, errors.New("its state holds other tensors than configuration, weight and bias")
		}
		config, ok := tensors.Items[0].(*script.Tensor)
		if !ok || m.stored[config] == nil {
			return nil, errors.New("its configuration is no tensor")
		}
		data, err := m.file.load(m.stored[config])
		if err != nil {
			return nil, err
		}
		if data.DType() != tensor.Int16 || data.Numel() > 64 || data.Numel() < 1 {
			return nil, fmt.Errorf("its configuration is %v", data)
		}
		var numbers []int64
		for _, n := range tensor.Data[int16](data) {
			numbers = append(numbers, int64(n))
		}
		axes := int(numbers[0])
		if axes < 1 || axes > 3 || len(numbers) < 3+4*axes {
			return nil, fmt.Errorf("its configuration is %v", numbers)
		}
		at := func(i int) []int64 { return numbers[1+i*axes : 1+(i+1)*axes] }
		p, err := m.pack(path, tensors.Items[1], optional.Items[0], nil)
		if err != nil {
			return nil, err
		}
		p.stride, p.padding, p.dilation, p.extra = at(0), at(1), at(2), at(3)
		p.groups, p.transposed = numbers[1+4*axes], numbers[2+4*axes] != 0
		return p, nil
	}
	return nil, errors.New("packed parameters of this class are not read")
}

// ofConstants reports whether a path is that of a constant.
func (m *scriptMachine) ofConstants(path string) bool {
	return m.constants[path]
}

// pack gives the tensors of a layer the keys that its state dict has.
func (m *scriptMachine) pack(path string, weight, bias script.Value, geometry func(*packed) error) (*packed, error) {
	p := &packed{}
	for _, part := range []struct {
		name string
		from script.Value
		to   **script.Tensor
	}{{"weight", weight, &p.weight}, {"bias", bias, &p.bias}} {
		t, ok := part.from.(*script.Tensor)
		if !ok {
			if part.from == nil && part.name == "bias" {
				continue
			}
			return nil, fmt.Errorf("its %s is %s", part.name, script.Describe(part.from))
		}
		s := m.stored[t]
		if s == nil {
			return nil, fmt.Errorf("its %s is computed", part.name)
		}
		if !s.declared {
			s.key = joined(path, part.name)
		}
		*part.to = t
	}
	if geometry != nil {
		return p, geometry(p)
	}
	return p, nil
}

// prepack is what fills a layer from its state: conv2d_prepack(weight, bias, stride, padding,
// dilation, groups) and linear_prepack(weight, bias).
func (m *scriptMachine) prepack(name string, c *script.Call) (script.Value, error) {
	if c.In == nil {
		return nil, errors.New("it belongs to no module")
	}
	if name == "linear_prepack" && len(c.Args) == 2 {
		return m.pack(strings.TrimSuffix(c.In.Path, "._packed_params"), c.Args[0], c.Args[1], nil)
	}
	transposed := strings.HasPrefix(name, "conv_transpose")
	want := 6
	if transposed {
		want = 7
	}
	if len(c.Args) != want {
		return nil, fmt.Errorf("%s of %d values", name, len(c.Args))
	}
	return m.pack(c.In.Path, c.Args[0], c.Args[1], func(p *packed) error {
		lists := []*[]int64{&p.stride, &p.padding, &p.dilation}
		if transposed {
			lists = []*[]int64{&p.stride, &p.padding, &p.extra, &p.dilation}
		}
		for i, to := range lists {
			list, ok := c.Args[2+i].(*script.List)
			if !ok {
				return fmt.Errorf("its geometry is %s", script.Describe(c.Args[2+i]))
			}
			for _, item := range list.Items {
				n, ok := item.(int64)
				if !ok {
					return fmt.Errorf("its geometry holds %s", script.Describe(item))
				}
				*to = append(*to, n)
			}
		}
		var ok bool
		if p.groups, ok = c.Args[want-1].(int64); !ok {
			return fmt.Errorf("its groups are %s", script.Describe(c.Args[want-1]))
		}
		p.transposed = transposed
		return nil
	})
}

// quantized adds a node of an operator of torch.ops.quantized.
func (m *scriptMachine) quantized(name string, c *script.Call) (script.Value, error) {
	switch name {
	case "conv2d_prepack", "conv1d_prepack", "conv_transpose2d_prepack", "conv_transpose1d_prepack", "linear_prepack":
		return m.prepack(name, c)
	case "dropout": // of a model that is run
		if len(c.Args) > 0 {
			return c.Args[0], nil
		}
	}
	target := quantizedSpace + name
	form := quantizedForms[name]
	if form == nil {
		advice := quantizedAdvice
		if isDynamic(target) {
			advice = dynamicInstead
		}
		m.fail(c, target, errors.New("there is no such operator here"), advice)
		return m.fresh(c, 1)[0], nil
	}
	if len(c.Args) > len(form) {
		return nil, fmt.Errorf("%s of %d values; %d are read", name, len(c.Args), len(form))
	}
	call := *c
	call.Named = map[string]script.Value{}
	for i, v := range c.Args {
		call.Named[form[i]] = v
	}
	for key, v := range c.Named {
		call.Named[key] = v
	}
	if v, ok := call.Named["packed"]; ok {
		p, err := m.packedOf(v)
		if err != nil {
			return nil, err
		}
		delete(call.Named, "packed")
		call.Named["weight"] = p.weight
		call.Named["bias"] = nil
		if p.bias != nil {
			call.Named["bias"] = p.bias
		}
		if strings.HasPrefix(name, "conv") {
			if p.stride == nil || p.transposed != strings.HasPrefix(name, "conv_transpose") {
				return nil, fmt.Errorf("%s is given the parameters of another layer", name)
			}
			for key, list := range map[string][]int64{"stride": p.stride, "padding": p.padding, "dilation": p.dilation} {
				call.Named[key] = numbersOf(list)
			}
			if p.transposed {
				call.Named["output_padding"] = numbersOf(p.extra)
			}
			call.Named["groups"] = p.groups
		}
	}
	return m.node(target, &call, 1, false)
}

func numbersOf(list []int64) *script.List {
	l := &script.List{}
	for _, n := range list {
		l.Items = append(l.Items, n)
	}
	return l
}

const quantizedAdvice = "keep this part of the model in float: wrap it with QuantStub and DeQuantStub, or set its qconfig to None"

// quantizedSpace is the namespace of operators on codes.
const quantizedSpace = "quantized."

// quantizedForms are the parameters of operators on codes, as code gives them.
var quantizedForms = map[string][]string{
	"conv2d": {"input", "packed", "scale", "zero_point"}, "conv2d_relu": {"input", "packed", "scale", "zero_point"},
	"linear": {"input", "packed", "scale", "zero_point"}, "linear_relu": {"input", "packed", "scale", "zero_point"},
	"linear_dynamic": {"input", "packed", "reduce_range"}, "linear_relu_dynamic": {"input", "packed", "reduce_range"},
	"add": {"self", "other", "scale", "zero_point"}, "add_relu": {"self", "other", "scale", "zero_point"},
	"mul":          {"self", "other", "scale", "zero_point"},
	"cat":          {"tensors", "dim", "scale", "zero_point"},
	"batch_norm2d": {"input", "weight", "bias", "mean", "var", "eps", "scale", "zero_point"}, "batch_norm2d_relu": {"input", "weight", "bias", "mean", "var", "eps", "scale", "zero_point"},
	"hardswish":  {"self", "scale", "zero_point"},
	"leaky_relu": {"self", "negative_slope", "inplace", "scale", "zero_point"},
	"sigmoid":    {"self", "scale", "zero_point"},
}
