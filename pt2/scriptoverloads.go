package pt2

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/script"
	"github.com/octet-ml/octet/tensor"
)

// overloads are those of each operator, by its name, in the order in which they are tried.
var overloads = sync.OnceValue(func() map[string][]string {
	table := map[string][]string{}
	for target := range schemas() {
		name, overload, ok := strings.Cut(target, ".")
		if !ok || strings.Contains(overload, ".") {
			continue
		}
		table[name] = append(table[name], overload)
	}
	for _, list := range table {
		slices.SortFunc(list, func(a, b string) int {
			if (a == "default") != (b == "default") {
				if a == "default" {
					return -1
				}
				return 1
			}
			return strings.Compare(a, b)
		})
	}
	return table
})

// overload chooses that of an operator which takes these values, and names them.
func (m *scriptMachine) overload(name string, args []script.Value, given map[string]script.Value) (string, map[string]script.Value, error) {
	list := overloads()[name]
	if len(list) == 0 {
		return "", nil, fmt.Errorf("there is no such operator here")
	}
	for _, overload := range list {
		schema := schemas()[name+"."+overload]
		values := fits(name, overload, schema, args, given)
		if values != nil {
			return overload, values, nil
		}
	}
	var kinds []string
	for _, a := range args {
		kinds = append(kinds, script.Describe(a))
	}
	return "", nil, fmt.Errorf("with these values (%s) it is not read", strings.Join(kinds, ", "))
}

// fits gives values the names of a schema's parameters; nil where they do not fit.
func fits(name, overload string, schema []parameter, args []script.Value, given map[string]script.Value) map[string]script.Value {
	if len(args) > len(schema) {
		return nil
	}
	values := map[string]script.Value{}
	for i, p := range schema {
		v, ok := given[p.name]
		switch {
		case i < len(args):
			if ok || p.name == "dtype" && !slices.Contains(placedTypes, name) { // by name alone: a number in its place is an axis, or where a range ends
				return nil
			}
			v = args[i]
		case ok:
		case p.usual == "":
			return nil
		default:
			continue
		}
		if !takes(overload, p, v) {
			return nil
		}
		values[p.name] = v
	}
	for key := range given {
		if _, ok := values[key]; !ok {
			return nil
		}
	}
	return values
}

// placedTypes are operators that code gives an element type in its place, not by name.
var placedTypes = []string{"to", "softmax", "log_softmax", "quantize_per_tensor", "quantize_per_channel"}

// tensorNames are parameters that are tensors in every overload.
var tensorNames = []string{"self", "input", "weight", "bias", "running_mean", "running_var", "mat1", "mat2", "batch1", "batch2", "tensor1", "tensor2", "indices", "index", "condition", "mask", "query", "key", "attn_mask", "src"}

// takes reports whether a parameter may have a value.
func takes(overload string, p parameter, v script.Value) bool {
	_, isTensor := v.(*script.Tensor)
	list, isList := v.(*script.List)
	_, isText := v.(string)
	_, isType := v.(script.Type)
	number := isNumber(v)
	switch p.name {
	case "other", "exponent", "value":
		switch {
		case overload == "Tensor_Scalar" || overload == "Scalar" && p.name != "exponent" || overload == "ScalarOther":
			return number
		case overload == "Scalar" && p.name == "exponent":
			return isTensor
		case p.name == "value" && overload == "default": // of attention a tensor, of a padding a number
			return !isList
		}
		if p.name == "other" && (overload == "Tensor_mode" || overload == "default") {
			return isTensor || number
		}
		return isTensor || overload == "Tensor" && p.name == "other" && isSymbol(v)
	case "index":
		return isTensor != (overload == "int")
	case "scale", "zero_point":
		return isTensor || number
	case "tensors", "params":
		return isList
	case "hx": // of LSTM two, h and c
		return isTensor || isList
	case "indices":
		return isList || isTensor
	case "weight":
		if overload == "Scalar" { // lerp
			return number
		}
		return isTensor || v == nil
	case "self":
		if overload == "ScalarSelf" || overload == "Scalar" && isNumber(v) {
			return number
		}
		return isTensor
	case "min", "max":
		return v == nil || isTensor == (overload == "Tensor")
	case "dtype":
		if _, whole := v.(int64); !whole && v != nil {
			return false
		}
		return true
	case "device":
		return isType || v == nil
	case "padding":
		return isText == (overload == "padding")
	case "scale_factors":
		return isList && len(list.Items) > 0 || v == nil
	case "output_size":
		return isList || number || v == nil && overload == "vec"
	case "scales_h", "scales_w":
		return number || v == nil
	case "dims":
		return isList
	case "dim":
		switch overload {
		case "dim", "default", "int", "dim_IntList", "correction", "ScalarOpt_dim":
			return !isTensor && !isText
		}
		return !isTensor
	case "split_size":
		return number
	case "keepdim", "unbiased", "largest", "sorted", "descending", "ceil_mode":
		_, is := v.(bool)
		return is
	case "rounding_mode":
		return isText || v == nil
	case "end":
		return isTensor == (overload == "Scalar") // of lerp a tensor, of a range a number
	}
	if slices.Contains(tensorNames, p.name) {
		return isTensor || v == nil
	}
	return !isTensor
}

func isSymbol(v script.Value) bool { _, ok := v.(script.Sym); return ok }

func isNumber(v script.Value) bool {
	switch v.(type) {
	case bool, int64, float64, script.Sym:
		return true
	}
	return false
}

// typeOfValue is the element type that a value has beside others: of a tensor with axes its own,
// which those without, as numbers, do not change within its kind.
func (m *scriptMachine) typeOfValue(v script.Value) (d tensor.DType, isTensor bool) {
	switch v := v.(type) {
	case *script.Tensor:
		if sizes, err := m.sizes(v); err == nil {
			return dtypes[m.b.file.program.Module.Graph.Tensors[v.Name].DType], len(sizes) > 0
		}
		return tensor.Float32, true
	case float64:
		return tensor.Float32, false
	case bool:
		return tensor.Bool, false
	}
	return tensor.Int64, false
}

func category(d tensor.DType) int {
	switch {
	case d == tensor.Bool:
		return 0
	case d.IsFloat():
		return 2
	}
	return 1
}

// promoted is the element type of the result of an operator of these values.
func (m *scriptMachine) promoted(values ...script.Value) tensor.DType {
	best, ofTensor := tensor.Bool, false
	for _, v := range values {
		d, isTensor := m.typeOfValue(v)
		switch {
		case isTensor && !ofTensor && category(d) >= category(best), category(d) > category(best):
			best, ofTensor = d, isTensor
		case isTensor && ofTensor && category(d) == category(best) && d.Size() > best.Size():
			best = d
		case isTensor && !ofTensor:
			ofTensor = true
		}
	}
	return best
}

// predicted is what is known of the first result of a node before it is built: its element type,
// and how many axes it has.
func (m *scriptMachine) predicted(target string, named map[string]script.Value) (tensorMeta, error) {
	meta := tensorMeta{Layout: strided, Offset: extent{fixed: true}}
	like := named["self"]
	if like == nil {
		like = named["input"]
	}
	d, _ := m.typeOfValue(like)
	if like == nil {
		d = tensor.Float32
	}
	if t, ok := like.(*script.Tensor); ok {
		if sizes, err := m.sizes(t); err == nil {
			meta.Sizes = sizes
		}
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(target, quantizedSpace), ".")
	switch name {
	case "add", "sub", "mul", "rsub", "remainder", "fmod", "floor_divide", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor", "__and__", "__or__", "__xor__", "where", "pow", "max", "min", "lerp", "masked_fill":
		var operands []script.Value
		for _, p := range []string{"self", "other", "exponent", "value"} {
			if v, ok := named[p]; ok && v != nil {
				operands = append(operands, v)
			}
		}
		d = m.promoted(operands...)
	case "div":
		d = m.promoted(named["self"], named["other"])
		if mode, _ := named["rounding_mode"].(string); mode == "" && category(d) < 2 {
			d = tensor.Float32
		}
	case "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "logical_not", "isnan", "isinf", "any", "all":
		d = tensor.Bool
	case "cat", "stack":
		list, _ := named["tensors"].(*script.List)
		if list == nil || len(list.Items) == 0 {
			return meta, fmt.Errorf("an empty list is joined")
		}
		d = m.promoted(list.Items...)
		if t, ok := list.Items[0].(*script.Tensor); ok {
			sizes, err := m.sizes(t)
			if err != nil {
				return meta, nil // why is on the list
			}
			meta.Sizes = slices.Clone(sizes)
			if name == "stack" {
				meta.Sizes = append(meta.Sizes, extent{})
			}
		}
	case "sum", "prod", "cumsum":
		if category(d) < 2 {
			d = tensor.Int64
		}
	case "argmax", "argmin", "argsort":
		d = tensor.Int64
	case "type_as":
		d, _ = m.typeOfValue(named["other"])
	case "to":
		if o, ok := named["other"]; ok {
			d, _ = m.typeOfValue(o)
		}
	case "arange":
		d = tensor.Int64
		for _, p := range []string{"start", "end", "step"} {
			if _, real := named[p].(float64); real {
				d = tensor.Float32
			}
		}
	case "full", "scalar_tensor", "full_like", "new_full":
		if name == "full" || name == "scalar_tensor" {
			v := named["fill_value"]
			if name == "scalar_tensor" {
				v = named["s"]
			}
			d, _ = m.typeOfValue(v)
		}
	case "zeros", "ones", "empty", "linspace", "eye":
		d = tensor.Float32
	case "dequantize", "linear_dynamic", "linear_relu_dynamic":
		d = tensor.Float32
	}
	if code, ok := named["dtype"].(int64); ok {
		c, err := ofC10(code)
		if name == "quantize_per_tensor" {
			return meta, nil
		}
		if err != nil {
			return meta, err
		}
		meta.DType = c
		return meta, nil
	}
	if meta.DType = codeOf(d); meta.DType == 0 {
		return meta, fmt.Errorf("elements of type %v are not read: %w", d, graph.ErrComputed)
	}
	return meta, nil
}

// sameType reports whether a cast leaves its operand as it is.
func (m *scriptMachine) sameType(target string, named map[string]script.Value) (bool, error) {
	t, ok := named["self"].(*script.Tensor)
	if !ok {
		return true, nil // a number
	}
	if _, err := m.sizes(t); err != nil {
		return false, nil
	}
	to, err := m.predicted(target, named)
	return err == nil && to.DType == m.b.file.program.Module.Graph.Tensors[t.Name].DType, err
}
