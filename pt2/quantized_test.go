package pt2_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/pt2"
)

// TestHostileQuantizers: scales, zero points, ranges and axes that mean nothing are refused by the name
// of their node.
func TestHostileQuantizers(t *testing.T) {
	const record = "small_xnnpack/models/model.json"
	const perTensor, perChannel = `"quantized_decomposed.quantize_per_tensor.default"`, `"quantized_decomposed.dequantize_per_channel.default"`
	for _, c := range []struct{ target, argument, value, node, says string }{
		{perTensor, "scale", `{"as_float": 0.0}`, "quantize_per_tensor", "scale 0"},
		{perTensor, "scale", `{"as_float": -1.0}`, "quantize_per_tensor", "scale -1"},
		{perTensor, "scale", `{"as_float": "NaN"}`, "quantize_per_tensor", "scale NaN"},
		{perTensor, "scale", `{"as_float": "Infinity"}`, "quantize_per_tensor", "scale +Inf"},
		{perTensor, "scale", `{"as_string": "x"}`, "quantize_per_tensor", "scale"},
		{perTensor, "zero_point", `{"as_int": 4000}`, "quantize_per_tensor", "zero point 4000"},
		{perTensor, "quant_max", `{"as_int": 4000}`, "quantize_per_tensor", "4000"},
		{perTensor, "quant_min", `{"as_int": 127}`, "quantize_per_tensor", "from 127 to 127"},
		{perChannel, "axis", `{"as_int": 9}`, "dequantize_per_channel", "axis 9"},
		{perChannel, "axis", `{"as_int": 1}`, "dequantize_per_channel", ""}, // 8 scales for 3 channels
		{perChannel, "scales", `{"as_none": true}`, "dequantize_per_channel", "scales"},
		{perChannel, "scales", `{"as_tensor": {"name": "b__frozen_param0"}}`, "dequantize_per_channel", "scales"},
		{perChannel, "input", `{"as_tensor": {"name": "b__scale_0"}}`, "dequantize_per_channel", ""},
	} {
		a := quantized(t)
		at := regexp.MustCompile(`(?s)("target": "torch\.ops\.` + strings.Trim(c.target, `"`) + `".*?"name": "` + c.argument + `",\s*"arg": )\{[^{}]*(\{[^{}]*\})?[^{}]*\}`)
		before := a[record]
		found := at.FindSubmatchIndex(before)
		if found == nil {
			t.Fatalf("no argument %s of %s", c.argument, c.target)
		}
		a[record] = bytes.Join([][]byte{before[:found[3]], []byte(c.value), before[found[1]:]}, nil)
		data := a.packed(t, zip.Store)
		f, err := pt2.Read(bytes.NewReader(data), int64(len(data)), "hostile")
		if err != nil {
			t.Fatalf("%s %s: %v", c.argument, c.value, err)
		}
		_, err = f.Graph(onnx.Given{})
		var refused *onnx.UnsupportedError
		if !errors.As(err, &refused) || refused.Nodes[0].Node != c.node || !strings.Contains(refused.Nodes[0].Reason, c.says) {
			t.Errorf("%s %s: error %v", c.argument, c.value, err)
		}
	}
}
