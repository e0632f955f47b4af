package pt2

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/octet-ml/octet/tensor"
)

// program is models/model.json, as far as it is read.
type program struct {
	Schema struct {
		Major int `json:"major"`
		Minor int `json:"minor"`
	} `json:"schema_version"`
	Torch string `json:"torch_version"`
	// outputNames are those that code gives its outputs, empty where it gives none: of a script.
	outputNames []string
	Module      struct {
		Graph     programGraph `json:"graph"`
		Signature struct {
			Inputs  []inputSpec  `json:"input_specs"`
			Outputs []outputSpec `json:"output_specs"`
		} `json:"signature"`
	} `json:"graph_module"`
}

type programGraph struct {
	Inputs  []argument            `json:"inputs"`
	Outputs []argument            `json:"outputs"`
	Nodes   []programNode         `json:"nodes"`
	Tensors map[string]tensorMeta `json:"tensor_values"`
}

type programNode struct {
	Target   string            `json:"target"`
	Inputs   []namedArgument   `json:"inputs"`
	Outputs  []argument        `json:"outputs"`
	Metadata map[string]string `json:"metadata"`
	Name     string            `json:"name"`
}

type namedArgument struct {
	Name string   `json:"name"`
	Arg  argument `json:"arg"`
}

// argument is a union of one member: its kind, such as as_tensor, and its JSON.
type argument struct {
	kind string
	data json.RawMessage
}

// UnmarshalJSON reads the one member that is not null.
func (a *argument) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	for kind, member := range members {
		if string(member) == "null" {
			continue
		}
		if a.kind != "" {
			return fmt.Errorf("an argument that is both %s and %s", a.kind, kind)
		}
		a.kind, a.data = kind, member
	}
	if a.kind == "" {
		return errors.New("an argument of no kind")
	}
	return nil
}

type named struct {
	Name string `json:"name"`
}

// tensorName is the value that an argument names, empty where it is no tensor.
func (a argument) tensorName() string {
	var n named
	if a.kind != "as_tensor" || json.Unmarshal(a.data, &n) != nil {
		return ""
	}
	return n.Name
}

// symName is the number that an argument names, empty where it is none.
func (a argument) symName() string {
	var n struct {
		Name string `json:"as_name"`
	}
	switch a.kind {
	case "as_sym_int", "as_sym_float", "as_sym_bool":
		if json.Unmarshal(a.data, &n) == nil {
			return n.Name
		}
	}
	return ""
}

// names are the values that an argument gives or reads, in order.
func (a argument) names() []string {
	switch a.kind {
	case "as_tensor":
		return []string{a.tensorName()}
	case "as_tensors":
		var list []named
		if json.Unmarshal(a.data, &list) != nil {
			return nil
		}
		names := make([]string, len(list))
		for i, n := range list {
			names[i] = n.Name
		}
		return names
	case "as_sym_int", "as_sym_float", "as_sym_bool":
		return []string{a.symName()}
	}
	return nil
}

// inputSpec says what an input of the graph is: one of its members is set.
type inputSpec struct {
	User *struct {
		Arg argument `json:"arg"`
	} `json:"user_input"`
	Parameter *struct {
		Arg named  `json:"arg"`
		Key string `json:"parameter_name"`
	} `json:"parameter"`
	Buffer *struct {
		Arg        named  `json:"arg"`
		Key        string `json:"buffer_name"`
		Persistent bool   `json:"persistent"`
	} `json:"buffer"`
	Constant *struct {
		Arg named  `json:"arg"`
		Key string `json:"tensor_constant_name"`
	} `json:"tensor_constant"`
	Given *struct {
		Name string `json:"name"`
	} `json:"constant_input"`
}

// stateKey is the key of what an input is in the state dict, empty where it is not in one.
func (s inputSpec) stateKey() string {
	switch {
	case s.Parameter != nil:
		return s.Parameter.Key
	case s.Buffer != nil:
		return s.Buffer.Key
	}
	return ""
}

// outputSpec says what an output of the graph is.
type outputSpec struct {
	User *struct {
		Arg argument `json:"arg"`
	} `json:"user_output"`
	InputMutation *json.RawMessage `json:"user_input_mutation"`
	Buffer        *struct {
		Name string `json:"buffer_name"`
	} `json:"buffer_mutation"`
}

// extent is the size of one axis, or a stride, or an offset.
type extent struct {
	fixed bool
	size  int64  // if it is fixed, else that of the example with which the model was exported, 0 where that is not told
	name  string // of a free extent that is one symbol, s77; otherwise empty
}

// UnmarshalJSON reads {as_int} or {as_expr: {expr_str, hint: {as_int}}}.
func (e *extent) UnmarshalJSON(data []byte) error {
	var x struct {
		Int  *int64 `json:"as_int"`
		Expr *struct {
			Text string `json:"expr_str"`
			Hint *struct {
				Int *int64 `json:"as_int"`
			} `json:"hint"`
		} `json:"as_expr"`
	}
	if err := json.Unmarshal(data, &x); err != nil {
		return err
	}
	switch {
	case x.Int != nil:
		*e = extent{fixed: true, size: *x.Int}
	case x.Expr != nil:
		e.name = symbol(x.Expr.Text)
		if h := x.Expr.Hint; h != nil && h.Int != nil {
			e.size = *h.Int
		}
	default:
		return errors.New("an extent that is neither a number nor an expression")
	}
	return nil
}

// symbol is the name of an expression that is one symbol: Symbol('s77', integer=True) or s77.
func symbol(expression string) string {
	name := expression
	if rest, ok := strings.CutPrefix(expression, "Symbol('"); ok {
		var end string
		if name, end, ok = strings.Cut(rest, "'"); !ok || strings.Count(end, ")") != 1 || !strings.HasSuffix(end, ")") {
			return ""
		}
	}
	if name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return ""
	}
	return name
}

// tensorMeta is what a program says of a tensor.
type tensorMeta struct {
	DType   int      `json:"dtype"`
	Sizes   []extent `json:"sizes"`
	Strides []extent `json:"strides"`
	Offset  extent   `json:"storage_offset"`
	Layout  int      `json:"layout"`
}

// strided is the layout of tensors that are no sparse ones.
const strided = 7

// dtypes are the numbers that programs have for element types; torch.save has others.
var dtypes = map[int]tensor.DType{
	1: tensor.UInt8, 2: tensor.Int8, 3: tensor.Int16, 4: tensor.Int32, 5: tensor.Int64, 6: tensor.Float16, 7: tensor.Float32,
	8: tensor.Float64, 12: tensor.Bool, 13: tensor.BFloat16, 28: tensor.UInt16, 29: tensor.Float8E4M3, 30: tensor.Float8E5M2,
	34: tensor.UInt32, 35: tensor.UInt64,
}

func (m tensorMeta) dtype() (tensor.DType, error) {
	if d, ok := dtypes[m.DType]; ok && m.Layout == strided {
		return d, nil
	}
	if m.Layout != strided {
		return tensor.Invalid, fmt.Errorf("a tensor of layout %d; dense ones, %d, are read", m.Layout, strided)
	}
	return tensor.Invalid, fmt.Errorf("element type %d of torch.export is not read", m.DType)
}

// shape returns the sizes, which must be fixed.
func (m tensorMeta) shape() (tensor.Shape, error) {
	if len(m.Sizes) > maxRank {
		return nil, fmt.Errorf("a tensor of %d axes; at most %d are read", len(m.Sizes), maxRank)
	}
	shape := make(tensor.Shape, len(m.Sizes))
	for i, e := range m.Sizes {
		if !e.fixed || e.size < 0 || e.size > math.MaxInt32 {
			return nil, fmt.Errorf("extent %d of axis %d", e.size, i)
		}
		shape[i] = int(e.size)
	}
	_, err := shape.CheckedNumel()
	return shape, err
}

// majorOf is the major version of the format, 0 where the JSON does not say.
func majorOf(data []byte) (int, error) {
	var p struct {
		Schema struct {
			Major int `json:"major"`
		} `json:"schema_version"`
	}
	err := json.Unmarshal(data, &p)
	return p.Schema.Major, err
}

// check judges what must hold of every program.
func (p *program) check() error {
	g := &p.Module.Graph
	if len(g.Nodes) > maxNodes {
		return fmt.Errorf("%d nodes; at most %d are read", len(g.Nodes), maxNodes)
	}
	if in := p.Module.Signature.Inputs; len(in) != len(g.Inputs) {
		return fmt.Errorf("a signature of %d inputs for a graph of %d", len(in), len(g.Inputs))
	}
	if out := p.Module.Signature.Outputs; len(out) != len(g.Outputs) {
		return fmt.Errorf("a signature of %d outputs for a graph of %d", len(out), len(g.Outputs))
	}
	for name, m := range g.Tensors {
		if len(m.Sizes) > maxRank || len(m.Strides) != len(m.Sizes) {
			return fmt.Errorf("value %q has %d sizes and %d strides; at most %d, and as many of both, are read", name, len(m.Sizes), len(m.Strides), maxRank)
		}
		for _, e := range m.Sizes {
			if e.size < 0 || e.size > math.MaxInt32 {
				return fmt.Errorf("value %q has an extent of %d", name, e.size)
			}
		}
	}
	return nil
}
