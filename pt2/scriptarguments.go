package pt2

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/octet-ml/octet/internal/script"
	"github.com/octet-ml/octet/tensor"
)

// codeOf is the number that programs have for an element type, 0 where there is none.
func codeOf(d tensor.DType) int {
	switch d {
	case tensor.QUInt8:
		d = tensor.UInt8
	case tensor.QInt8:
		d = tensor.Int8
	}
	for code, t := range dtypes {
		if t == d {
			return code
		}
	}
	return 0
}

// c10 are the numbers that TorchScript has for element types; those of programs are others.
func ofC10(code int64) (int, error) {
	switch {
	case code >= 0 && code <= 7:
		return int(code) + 1, nil
	case code == 11:
		return 12, nil
	case code == 15:
		return 13, nil
	}
	return 0, fmt.Errorf("element type %d of TorchScript is not read", code)
}

func argumentOf(kind string, value any) argument {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // numbers, texts and names
	}
	return argument{kind, data}
}

func tensorArgument(name string) argument { return argumentOf("as_tensor", named{name}) }

// realArgument writes a number as programs do.
func realArgument(v float64) argument {
	switch {
	case math.IsNaN(v):
		return argumentOf("as_float", "NaN")
	case math.IsInf(v, 1):
		return argumentOf("as_float", "Infinity")
	case math.IsInf(v, -1):
		return argumentOf("as_float", "-Infinity")
	}
	return argumentOf("as_float", v)
}

type symEntry struct {
	Name string `json:"as_name,omitempty"`
	Int  *int64 `json:"as_int,omitempty"`
}

// argument is a value of code as an argument of a node.
func (m *scriptMachine) argument(v script.Value) (argument, error) {
	switch v := v.(type) {
	case nil:
		return argumentOf("as_none", true), nil
	case bool:
		return argumentOf("as_bool", v), nil
	case int64:
		return argumentOf("as_int", v), nil
	case float64:
		return realArgument(v), nil
	case string:
		return argumentOf("as_string", v), nil
	case script.Type:
		return argumentOf("as_device", v.Name), nil
	case *script.Tensor:
		err := m.declared(v) // gives it a name
		return tensorArgument(v.Name), err
	case script.Sym:
		return argumentOf("as_sym_int", symEntry{Name: v.Name}), nil
	case *script.List:
		return m.listArgument(v.Items)
	}
	return argument{}, fmt.Errorf("%s is given to an operator", script.Describe(v))
}

// listArgument is a list: of tensors, of numbers, or of sizes that depend on the inputs.
func (m *scriptMachine) listArgument(items []script.Value) (argument, error) {
	tensors, none, real, sym := 0, 0, 0, 0
	for _, item := range items {
		switch item.(type) {
		case *script.Tensor:
			tensors++
		case nil:
			none++
		case float64:
			real++
		case script.Sym:
			sym++
		case int64, bool:
		default:
			return argument{}, fmt.Errorf("a list with %s is given to an operator", script.Describe(item))
		}
	}
	switch {
	case tensors > 0 && none > 0 && tensors+none == len(items):
		var list []map[string]any
		for _, item := range items {
			if t, ok := item.(*script.Tensor); ok {
				if err := m.declared(t); err != nil {
					return argument{}, err
				}
				list = append(list, map[string]any{"as_tensor": named{t.Name}})
			} else {
				list = append(list, map[string]any{"as_none": true})
			}
		}
		return argumentOf("as_optional_tensors", list), nil
	case tensors > 0 && tensors == len(items):
		list := make([]named, len(items))
		for i, item := range items {
			t := item.(*script.Tensor)
			if err := m.declared(t); err != nil {
				return argument{}, err
			}
			list[i].Name = t.Name
		}
		return argumentOf("as_tensors", list), nil
	case tensors > 0 || none > 0:
		return argument{}, fmt.Errorf("a list of tensors and numbers is given to an operator")
	case sym > 0:
		list := make([]symEntry, len(items))
		for i, item := range items {
			switch item := item.(type) {
			case script.Sym:
				list[i].Name = item.Name
			case int64:
				list[i].Int = &item
			default:
				return argument{}, fmt.Errorf("a list with %s and sizes is given to an operator", script.Describe(item))
			}
		}
		return argumentOf("as_sym_ints", list), nil
	case real > 0:
		list := make([]json.RawMessage, len(items))
		for i, item := range items {
			switch item := item.(type) {
			case float64:
				list[i] = realArgument(item).data
			default:
				list[i] = argumentOf("as_int", item).data
			}
		}
		return argumentOf("as_floats", list), nil
	}
	if len(items) > 0 {
		if _, ok := items[0].(bool); ok {
			return argumentOf("as_bools", items), nil
		}
	}
	if items == nil {
		items = []script.Value{}
	}
	return argumentOf("as_ints", items), nil
}
