package statedict

import (
	"strings"
	"testing"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// Files of quantize_dynamic have the keys of float modules, and rows that tell their scale.
func TestUndynamic(t *testing.T) {
	for file, want := range map[string]string{
		"dynamic_linear.pth":      "a.weight a.bias b.weight",
		"dynamic_lstm_linear.pth": "lstm.weight_ih_l0 lstm.bias_ih_l0 lstm.weight_hh_l0 lstm.bias_hh_l0 gru.weight_ih_l0 gru.weight_hh_l0 fc.weight",
	} {
		sd, err := torch.Load("../torch/testdata/samples/"+file, "")
		if err != nil {
			t.Fatal(err)
		}
		if !IsDynamic(sd) {
			t.Fatalf("%s is not recognized", file)
		}
		float, scales, err := Undynamic(sd, func(key string) bool { return !strings.HasSuffix(key, "_reverse") })
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range strings.Fields(want) {
			w, ok := float.Tensor(key)
			if !ok || w.DType() != tensor.Float32 {
				t.Errorf("%s: %s is %v; there are %v", file, key, w, float.Keys())
				continue
			}
			if s, ok := scales.Of(w.Float32s()[:w.Dim(len(w.Shape())-1)]); len(w.Shape()) == 2 && (!ok || s <= 0) {
				t.Errorf("%s: the scale of %s is %v", file, key, s)
			}
		}
		if IsDynamic(float) || IsQuantized(float) {
			t.Errorf("%s: codes are left", file)
		}
	}
}

// Cells and packed layers that are not as PyTorch writes them are errors that name the key.
func TestUndynamicOfStrangers(t *testing.T) {
	list := func(v ...torch.Value) *torch.List { return &torch.List{Items: v} }
	object := func(class string, state torch.Value) *torch.ScriptObject {
		return &torch.ScriptObject{Class: class, State: state}
	}
	weight := torch.NewTensor(tensor.OfQuantized(make([]int8, 4), tensor.Affine(0.5, 0), 2, 2))
	shifted := torch.NewTensor(tensor.OfQuantized(make([]int8, 4), tensor.Affine(0.5, 3), 2, 2))
	flat := torch.NewTensor(tensor.OfQuantized(make([]int8, 4), tensor.Affine(0.5, 0), 4))
	packed := object(packedClass, list(weight, torch.None{}))
	good := list(torch.String(dynamicCell), list(), list(), list(torch.Int(1)), list(packed, packed))
	for name, c := range map[string]struct {
		key  string
		v    torch.Value
		says string
	}{
		"no number":         {"lstm._all_weight_values.x.param", object(cellClass, good), "NUMBER.param"},
		"negative":          {"lstm._all_weight_values.-1.param", object(cellClass, good), "NUMBER.param"},
		"another class":     {"lstm._all_weight_values.0.param", object(packedClass, good), "expected an object of"},
		"no state":          {"lstm._all_weight_values.0.param", object(cellClass, nil), "whose state is"},
		"float16":           {"lstm._all_weight_values.0.param", object(cellClass, list(torch.String("quantized_fp16"), list())), "quantized_dynamic is read"},
		"few parts":         {"lstm._all_weight_values.0.param", object(cellClass, list(torch.String(dynamicCell), list())), "2 parts"},
		"no weights":        {"lstm._all_weight_values.0.param", object(cellClass, list(torch.String(dynamicCell), list(), list(), list(), list())), "no weights"},
		"weight of no type": {"lstm._all_weight_values.0.param", object(cellClass, list(torch.String(dynamicCell), list(), list(), list(), list(object(packedClass, list(torch.None{}, torch.None{})), packed))), "the cell's weight is"},
		"not a pair":        {"fc._packed_params._packed_params", torch.Int(3), "expected (weight, bias)"},
		"nothing":           {"fc._packed_params._packed_params", &torch.PackedLinear{}, "no weight"},
		"zero point":        {"fc._packed_params._packed_params", &torch.PackedLinear{Weight: shifted}, "zero point 3"},
		"one axis":          {"fc._packed_params._packed_params", &torch.PackedLinear{Weight: flat}, "a matrix"},
	} {
		sd := &torch.StateDict{Source: "x.pth"}
		sd.Set(c.key, c.v)
		if _, _, err := Undynamic(sd, func(string) bool { return false }); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.key) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
