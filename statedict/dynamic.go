package statedict

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// The keys that torch.ao.quantization.quantize_dynamic writes for linear layers and recurrences.
const (
	packedPair    = "._packed_params._packed_params"
	packedType    = "._packed_params.dtype"
	packedCells   = "._all_weight_values."
	cellClass     = "__torch__.torch.classes.rnn.CellParamsBase"
	packedClass   = "__torch__.torch.classes.quantized.LinearPackedParamsBase"
	dynamicCell   = "quantized_dynamic"
	cellWeights   = 2 // of input and state
	reversedLayer = "_reverse"
)

// IsDynamic reports whether a state dict is of a model that quantize_dynamic made: linear layers
// and recurrences hold codes, and nothing else does.
func IsDynamic(sd *torch.StateDict) bool {
	dynamic := false
	for _, key := range sd.Keys() {
		v, _ := sd.Entry(key)
		switch v := v.(type) {
		case *torch.ScriptObject:
			dynamic = dynamic || strings.Contains(key, packedCells)
		case *torch.PackedLinear:
			module, ok := strings.CutSuffix(key, packedPair)
			if !ok || !placeholders(sd, module) {
				return false
			}
			dynamic = true
		case *torch.Tensor:
			if v.DType().IsQuantized() {
				return false
			}
		}
	}
	return dynamic
}

// placeholders reports whether the output of a linear layer has the parameters of one that has
// none: scale 1 and zero point 0.
func placeholders(sd *torch.StateDict, module string) bool {
	scale, ok := sd.Entry(module + ".scale")
	zero, has := sd.Entry(module + ".zero_point")
	if !ok || !has {
		return false
	}
	s, isTensor := scale.(*torch.Tensor)
	z, isWhole := zero.(*torch.Tensor)
	if !isTensor || !isWhole {
		return false
	}
	return (s.Data == nil || s.Data.DType() == tensor.Float32 && s.Data.Numel() == 1 && s.Data.Float32s()[0] == 1) &&
		(z.Data == nil || z.Data.DType() == tensor.Int64 && z.Data.Numel() == 1 && z.Data.Int64s()[0] == 0)
}

// DynamicScales are the scales of weights that were quantized, by the rows of the dequantized
// weights. A row tells its scale wherever a graph has it: exporters rename weights, and join and
// reorder those of recurrences.
type DynamicScales struct {
	rows map[[sha256.Size]byte]float64
}

// Of returns the scale of the weight that has this row.
func (s *DynamicScales) Of(row []float32) (scale float64, ok bool) {
	scale, ok = s.rows[rowSum(row)]
	return scale, ok
}

func rowSum(row []float32) [sha256.Size]byte {
	raw := make([]byte, 0, 4*len(row))
	for _, v := range row {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return sha256.Sum256(raw)
}

// Undynamic returns the float state dict that a dynamically quantized one stands for, with
// dequantized weights under the keys of the float modules, and their scales. The tensors of sd
// are loaded. has reports whether the network has a parameter: recurrences with a reversed direction
// number their cells otherwise, and qnnpack gives layers without a bias one of zeros.
func Undynamic(sd *torch.StateDict, has func(key string) bool) (*torch.StateDict, *DynamicScales, error) {
	out := sd.Select(func(string) (string, bool) { return "", false })
	u := &undynamic{out: out, has: has, scales: &DynamicScales{rows: map[[sha256.Size]byte]float64{}}}
	for _, key := range sd.Keys() {
		v, _ := sd.Entry(key)
		var err error
		if module, ok := strings.CutSuffix(key, packedPair); ok {
			err = u.linear(module+".", v)
		} else if module, number, ok := strings.Cut(key, packedCells); ok {
			err = u.cell(module, number, v)
		} else if !ofPacked(sd, key) {
			out.Set(key, v)
		}
		if err != nil {
			return nil, nil, &torch.Error{File: sd.Source, Key: key, Err: err}
		}
	}
	return out, u.scales, nil
}

// ofPacked reports whether key is one beside the packed parameters of a linear layer.
func ofPacked(sd *torch.StateDict, key string) bool {
	for _, suffix := range []string{packedType, ".scale", ".zero_point"} {
		if module, ok := strings.CutSuffix(key, suffix); ok && sd.Has(module+packedPair) {
			return true
		}
	}
	return false
}

type undynamic struct {
	out    *torch.StateDict
	has    func(key string) bool
	scales *DynamicScales
}

// linear sets weight and bias of a linear layer.
func (u *undynamic) linear(prefix string, v torch.Value) error {
	p, ok := v.(*torch.PackedLinear)
	if !ok {
		return fmt.Errorf("%s, expected (weight, bias)", torch.Describe(v))
	}
	if err := u.weight(prefix+"weight", p.Weight); err != nil {
		return err
	}
	if p.Bias != nil && (u.has(prefix+"bias") || !zeros(p.Bias)) {
		u.out.Set(prefix+"bias", p.Bias)
	}
	return nil
}

// zeros reports whether a tensor holds zeros alone.
func zeros(t *torch.Tensor) bool {
	return t.Data != nil && t.Data.DType() == tensor.Float32 && !slices.ContainsFunc(t.Data.Float32s(), func(v float32) bool { return v != 0 })
}

// weight dequantizes a weight, and notes the scales of its rows.
func (u *undynamic) weight(key string, t *torch.Tensor) error {
	if t == nil || t.Data == nil {
		return fmt.Errorf("it has no weight")
	}
	w := t.Data
	if w.DType() != tensor.QInt8 {
		return fmt.Errorf("the weight is %v; weights of qint8 are read, not of float16: quantize_dynamic(..., dtype=torch.qint8)", w.DType())
	}
	q, shape := w.QParams(), w.Shape()
	if len(shape) != 2 || !q.IsPerTensor() && q.Axis != 0 {
		return fmt.Errorf("the weight is %v, quantized along axis %d; a matrix with one scale, or one for each row, is read", w, q.Axis)
	}
	for _, z := range q.ZeroPoints {
		if z != 0 {
			return fmt.Errorf("the weight has the zero point %d; 0, as symmetric observers choose it, is read", z)
		}
	}
	float, err := quant.Dequantize(w)
	if err != nil {
		return err
	}
	for i := range shape[0] {
		row := float.Float32s()[i*shape[1]:][:shape[1]]
		u.scales.rows[rowSum(row)] = q.Scales[i%len(q.Scales)]
	}
	u.out.SetTensor(key, float)
	return nil
}

// cell sets the weights of one direction of one layer of a recurrence; number is its place
// among all, NUMBER.param.
func (u *undynamic) cell(module, number string, v torch.Value) error {
	var at int
	if _, err := fmt.Sscanf(number, "%d.param", &at); err != nil || at < 0 {
		return fmt.Errorf("a cell is expected at NUMBER.param")
	}
	suffix := fmt.Sprintf("_l%d", at)
	if u.has(module + ".weight_ih_l0" + reversedLayer) {
		suffix = fmt.Sprintf("_l%d", at/2)
		if at%2 == 1 {
			suffix += reversedLayer
		}
	}
	items, err := stateOf(v, cellClass)
	if err != nil {
		return err
	}
	if kind, ok := items[0].(torch.String); !ok || kind != dynamicCell {
		return fmt.Errorf("the cell is %s; %s is read", torch.Describe(items[0]), dynamicCell)
	}
	if len(items) != 5 {
		return fmt.Errorf("the cell has %d parts, 5 are read", len(items))
	}
	packed, ok := items[4].(*torch.List)
	if !ok || len(packed.Items) != cellWeights {
		return fmt.Errorf("the cell has no weights of input and state")
	}
	for i, of := range []string{"ih", "hh"} {
		parts, err := stateOf(packed.Items[i], packedClass)
		if err != nil {
			return err
		}
		w, ok := parts[0].(*torch.Tensor)
		if !ok {
			return fmt.Errorf("the cell's weight is %s", torch.Describe(parts[0]))
		}
		if err := u.weight(module+".weight_"+of+suffix, w); err != nil {
			return err
		}
		if b, ok := parts[1].(*torch.Tensor); ok && (u.has(module+".bias_"+of+suffix) || !zeros(b)) {
			u.out.Set(module+".bias_"+of+suffix, b)
		}
	}
	return nil
}

// stateOf is the state of an object of that class, which has two parts at least.
func stateOf(v torch.Value, class string) ([]torch.Value, error) {
	o, ok := v.(*torch.ScriptObject)
	if !ok || o.Class != class {
		return nil, fmt.Errorf("%s, expected an object of %s", torch.Describe(v), class)
	}
	l, ok := o.State.(*torch.List)
	if !ok || len(l.Items) < 2 {
		return nil, fmt.Errorf("an object of %s whose state is %s", class, torch.Describe(o.State))
	}
	return l.Items, nil
}
