package pt2

import (
	"errors"
	"fmt"

	"github.com/octet-ml/octet/internal/script"
)

// chain calls operators one after another; after an error it does nothing.
type chain struct {
	m   *scriptMachine
	c   *script.Call
	err error
}

func (s *chain) do(name string, args ...script.Value) script.Value {
	if s.err != nil {
		return nil
	}
	var v script.Value
	v, s.err = s.m.aten(name, &script.Call{Name: "torch." + name, Args: args, Named: map[string]script.Value{}, In: s.c.In})
	return v
}

func (s *chain) size(v script.Value, axis int) script.Value {
	t, ok := v.(*script.Tensor)
	if s.err == nil && !ok {
		s.err = errors.New("its operand is no tensor")
	}
	if s.err != nil {
		return nil
	}
	var n script.Value
	n, s.err = s.m.size(s.c, t, axis)
	return n
}

// attention is that of x with itself: [N, T, E], with weights for queries, keys and values together.
func (s *chain) attention(x, embed, heads, weight, bias, outWeight, outBias script.Value) script.Value {
	e, ok1 := embed.(int64)
	h, ok2 := heads.(int64)
	if s.err == nil && (!ok1 || !ok2 || h < 1 || e < h || e%h != 0) {
		s.err = fmt.Errorf("%s heads of a width of %s", script.Describe(heads), script.Describe(embed))
	}
	if s.err != nil {
		return nil
	}
	n, t := s.size(x, 0), s.size(x, 1)
	all := s.do("view", s.do("linear", x, weight, bias), &script.List{Items: []script.Value{n, t, int64(3), h, e / h}})
	var parts [3]script.Value
	for i := range parts {
		parts[i] = s.do("transpose", s.do("select", all, int64(2), int64(i)), int64(1), int64(2))
	}
	y := s.do("transpose", s.do("scaled_dot_product_attention", parts[0], parts[1], parts[2]), int64(1), int64(2))
	return s.do("linear", s.do("reshape", y, &script.List{Items: []script.Value{n, t, e}}), outWeight, outBias)
}

// headsOf is attention in traces without gradients, which hold one operator for all of it. It is
// taken apart into those that PyTorch computes it by otherwise.
func (m *scriptMachine) headsOf(c *script.Call) (script.Value, error) {
	a := c.Args
	if len(a) < 11 || a[0] != a[1] || a[0] != a[2] || a[9] != nil || a[10] != script.Value(false) {
		return nil, errors.New("attention with a mask, of other keys than queries, or whose weights are returned: export the model after torch.backends.mha.set_fastpath_enabled(False)")
	}
	s := &chain{m: m, c: c}
	y := s.attention(a[0], a[3], a[4], a[5], a[6], a[7], a[8])
	return &script.List{Items: []script.Value{y, script.Unknown{Why: "weights of attention"}}, Tuple: true}, s.err
}

// encoderOf is a layer of a transformer's encoder: attention and two linear layers, each with what
// it read added and a layer norm behind it, or in front.
func (m *scriptMachine) encoderOf(c *script.Call) (script.Value, error) {
	a := c.Args
	if len(a) < 18 || len(a) > 18 && a[18] != nil {
		return nil, errors.New("an encoder's layer with a mask: export the model after torch.backends.mha.set_fastpath_enabled(False)")
	}
	s := &chain{m: m, c: c}
	gelu, first := a[7] == script.Value(true), a[8] == script.Value(true)
	norm := func(x script.Value, weight, bias script.Value) script.Value {
		return s.do("layer_norm", x, &script.List{Items: []script.Value{a[1]}}, weight, bias, a[9])
	}
	x := a[0]
	if first {
		x = norm(x, a[10], a[11])
	}
	x = s.do("add", s.attention(x, a[1], a[2], a[3], a[4], a[5], a[6]), a[0])
	if !first {
		x = norm(x, a[10], a[11])
	}
	before := x
	if first {
		x = norm(x, a[12], a[13])
	}
	act := "relu"
	if gelu {
		act = "gelu"
	}
	x = s.do("add", s.do("linear", s.do(act, s.do("linear", x, a[14], a[15])), a[16], a[17]), before)
	if !first {
		x = norm(x, a[12], a[13])
	}
	return x, s.err
}
