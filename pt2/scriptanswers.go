package pt2

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/internal/script"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

func heldCode(d tensor.DType) (tensor.DType, error) { return onnx.HeldType(d) }

func unsupported(node, target, reason, advice string) onnx.Unsupported {
	return onnx.Unsupported{Node: node, Op: target, Output: node, Reason: reason, Advice: advice}
}

// answers are operators that no node computes.
var answers map[string]func(m *scriptMachine, c *script.Call) (script.Value, error)

func init() {
	answers = map[string]func(m *scriptMachine, c *script.Call) (script.Value, error){
		"size":                               (*scriptMachine).sizeOf,
		"sym_size":                           (*scriptMachine).sizeOf,
		"len":                                (*scriptMachine).lengthOf,
		"dim":                                (*scriptMachine).rankOf,
		"ndimension":                         (*scriptMachine).rankOf,
		"ops.prim.dtype":                     (*scriptMachine).typeOf,
		"ops.prim.device":                    func(*scriptMachine, *script.Call) (script.Value, error) { return script.Type{Name: "cpu"}, nil },
		"device":                             func(*scriptMachine, *script.Call) (script.Value, error) { return script.Type{Name: "cpu"}, nil },
		"ops.prim.layout":                    constantAnswer(int64(0)),
		"is_cuda":                            constantAnswer(false),
		"ops.prim.is_cuda":                   constantAnswer(false),
		"ops.prim.is_quantized":              (*scriptMachine).isQuantized,
		"ops.prim.requires_grad":             constantAnswer(false),
		"ops.prim.is_sparse":                 constantAnswer(false),
		"ops.prim.is_mkldnn":                 constantAnswer(false),
		"is_floating_point":                  (*scriptMachine).isFloat,
		"is_autocast_enabled":                constantAnswer(false),
		"is_autocast_cpu_enabled":            constantAnswer(false),
		"is_grad_enabled":                    constantAnswer(false),
		"requires_grad_":                     first,
		"ops.prim.unchecked_unwrap_optional": first,
		"cpu":                                first,
		"ops.prim.data":                      first,
		"ops.prim.is_nested":                 constantAnswer(false),
		"ops.prim.is_meta":                   constantAnswer(false),
		"is_nested":                          constantAnswer(false),
		"is_complex":                         constantAnswer(false),
		"_has_compatible_shallow_copy_type":  constantAnswer(true),
		"numel":                              (*scriptMachine).numelOf,
		"tensor":                             (*scriptMachine).made,
		"as_tensor":                          (*scriptMachine).made,
		"_native_multi_head_attention":       (*scriptMachine).headsOf,
		"_transformer_encoder_layer_fwd":     (*scriptMachine).encoderOf,
		"_assert":                            constantAnswer(nil),
		"Int":                                (*scriptMachine).item,
		"IntImplicit":                        (*scriptMachine).item,
		"FloatImplicit":                      (*scriptMachine).item,
		"ScalarImplicit":                     (*scriptMachine).item,
		"item":                               (*scriptMachine).item,
	}
}

func constantAnswer(v script.Value) func(*scriptMachine, *script.Call) (script.Value, error) {
	return func(*scriptMachine, *script.Call) (script.Value, error) { return v, nil }
}

func first(_ *scriptMachine, c *script.Call) (script.Value, error) {
	if len(c.Args) == 0 {
		return nil, fmt.Errorf("%s of nothing", c.Name)
	}
	return c.Args[0], nil
}

// operandOf is the tensor that a question is about.
func operandOf(c *script.Call) (*script.Tensor, error) {
	if len(c.Args) > 0 {
		if t, ok := c.Args[0].(*script.Tensor); ok {
			return t, nil
		}
		return nil, fmt.Errorf("%s of %s", c.Name, script.Describe(c.Args[0]))
	}
	return nil, fmt.Errorf("%s of nothing", c.Name)
}

func (m *scriptMachine) sizeOf(c *script.Call) (script.Value, error) {
	t, err := operandOf(c)
	if err != nil {
		return nil, err
	}
	if len(c.Args) > 1 {
		axis, ok := c.Args[1].(int64)
		if !ok {
			return nil, fmt.Errorf("the size of axis %s", script.Describe(c.Args[1]))
		}
		return m.size(c, t, int(max(-1<<20, min(axis, 1<<20))))
	}
	sizes, err := m.sizes(t)
	if err != nil {
		return nil, err
	}
	list := &script.List{}
	for axis := range sizes {
		n, err := m.size(c, t, axis)
		if err != nil {
			return nil, err
		}
		list.Items = append(list.Items, n)
	}
	return list, nil
}

func (m *scriptMachine) lengthOf(c *script.Call) (script.Value, error) {
	if d, ok := c.Args[0].(*script.Dict); ok {
		return int64(len(d.Keys)), nil
	}
	if s, ok := c.Args[0].(string); ok {
		return int64(len(s)), nil
	}
	t, err := operandOf(c)
	if err != nil {
		return nil, err
	}
	return m.size(c, t, 0)
}

func (m *scriptMachine) rankOf(c *script.Call) (script.Value, error) {
	t, err := operandOf(c)
	if err != nil {
		return nil, err
	}
	sizes, err := m.sizes(t)
	return int64(len(sizes)), err
}

// numelOf is how many elements a tensor has, where that is known.
func (m *scriptMachine) numelOf(c *script.Call) (script.Value, error) {
	t, err := operandOf(c)
	if err != nil {
		return nil, err
	}
	sizes, err := m.sizes(t)
	if err != nil {
		return nil, err
	}
	n := int64(1)
	for _, e := range sizes {
		if !e.fixed {
			return script.Unknown{Why: "a size of the inputs"}, nil
		}
		n *= e.size
	}
	return n, nil
}

// made is a tensor of numbers that code lists, which becomes a constant of the program.
func (m *scriptMachine) made(c *script.Call) (script.Value, error) {
	if len(c.Args) == 0 {
		return nil, fmt.Errorf("%s of nothing", c.Name)
	}
	if t, ok := c.Args[0].(*script.Tensor); ok {
		return t, nil
	}
	numbers, shape, err := flattened(c.Args[0])
	if err != nil {
		return nil, err
	}
	kind := tensor.Bool
	for _, v := range numbers {
		switch v.(type) {
		case float64:
			kind = tensor.Float32
		case int64:
			if kind == tensor.Bool {
				kind = tensor.Int64
			}
		}
	}
	if len(numbers) == 0 {
		kind = tensor.Float32
	}
	code, given := c.Named["dtype"].(int64)
	if !given && len(c.Args) > 1 {
		code, given = c.Args[1].(int64)
	}
	if given {
		d, err := ofC10(code)
		if err != nil {
			return nil, err
		}
		switch kind = tensor.Int64; {
		case dtypes[d] == tensor.Bool:
			kind = tensor.Bool
		case dtypes[d].IsFloat():
			kind = tensor.Float32
		}
	}
	data := tensor.New(kind, shape...)
	for i, v := range numbers {
		var n float64
		var whole int64
		switch v := v.(type) {
		case int64:
			n, whole = float64(v), v
		case float64:
			n, whole = v, int64(v)
		case bool:
			if v {
				n, whole = 1, 1
			}
		}
		switch kind {
		case tensor.Float32:
			data.Float32s()[i] = float32(n)
		case tensor.Int64:
			data.Int64s()[i] = whole
		case tensor.Bool:
			if n != 0 {
				data.Uint8s()[i] = 1
			}
		}
	}
	made := &script.Tensor{}
	m.stored[made] = &storedTensor{made: data, key: m.unique("constant")}
	return made, nil
}

// flattened are the numbers of lists in lists, all of one length.
func flattened(v script.Value) (numbers []script.Value, shape []int, err error) {
	list, ok := v.(*script.List)
	if !ok {
		if _, isSym := v.(script.Sym); !isNumber(v) || isSym {
			return nil, nil, fmt.Errorf("a tensor of %s", script.Describe(v))
		}
		return []script.Value{v}, nil, nil
	}
	for i, item := range list.Items {
		part, inner, err := flattened(item)
		if err != nil {
			return nil, nil, err
		}
		if i > 0 && !slices.Equal(inner, shape) || len(inner) > maxRank || len(numbers)+len(part) > maxFilled {
			return nil, nil, fmt.Errorf("a tensor of lists of different lengths, or too many of them")
		}
		shape, numbers = inner, append(numbers, part...)
	}
	return numbers, append([]int{len(list.Items)}, shape...), nil
}

// typeOf is the element type of a tensor with TorchScript's number.
func (m *scriptMachine) typeOf(c *script.Call) (script.Value, error) {
	t, err := operandOf(c)
	if err != nil {
		return nil, err
	}
	if _, err := m.sizes(t); err != nil {
		return nil, err
	}
	code := int64(m.b.file.program.Module.Graph.Tensors[t.Name].DType)
	if code == 13 {
		return int64(15), nil
	}
	return code - 1, nil
}

func (m *scriptMachine) isFloat(c *script.Call) (script.Value, error) {
	code, err := m.typeOf(c)
	n, _ := code.(int64)
	return n >= 5 && n <= 7 || n == 15, err
}

func (m *scriptMachine) isQuantized(c *script.Call) (script.Value, error) {
	t, err := operandOf(c)
	if err != nil {
		return nil, err
	}
	e := m.b.values[t.Name]
	return e != nil && e.value != nil && e.value.Type.DType.IsQuantized(), nil
}

// item is the number in a tensor.
func (m *scriptMachine) item(c *script.Call) (script.Value, error) {
	if len(c.Args) > 0 {
		if s, ok := c.Args[0].(script.Sym); ok {
			return s, nil
		}
	}
	t, err := operandOf(c)
	if err != nil {
		return nil, err
	}
	return m.Item(t)
}
