package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// DynamicLSTM is an LSTM with quantized weights, as ONNX Runtime's DynamicQuantizeLSTM: x is
// quantized dynamically as a whole, and before every step the states h of the batch are. Gates
// are (s_x*s_w*acc_x + s_h*s_r*acc_h) + (b_w + b_r), with the accumulators of both products; under
// PyTorch's presets, as torch.ao.nn.quantized.dynamic.LSTM has it, they are the sum of two dynamic
// linear layers, each with its bias.
//
// Inputs: those of LSTM, without lengths, with w [D*4*H, I] and r [D*4*H, H] in codes, per
// tensor or along axis 0.
type DynamicLSTM struct {
	LSTM LSTM `json:"lstm"`
}

// Kind is "dynamic_lstm".
func (DynamicLSTM) Kind() string { return "dynamic_lstm" }

// Results is three.
func (DynamicLSTM) Results() int { return 3 }

// Signatures: float32 with quantized weights, both of one type.
func (o DynamicLSTM) Signatures() []graph.Signature {
	return dynamicSignatures(3)
}

// Infer returns the shapes.
func (o DynamicLSTM) Infer(in []graph.Fact) ([]graph.Type, error) {
	whole, err := byDirections(in, 8, o.LSTM.Directions())
	if err != nil {
		return nil, err
	}
	return o.LSTM.Infer(whole)
}

// Eval computes one direction after the other.
func (o DynamicLSTM) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	each := ctx.Numerics != quant.ONNX && ctx.Numerics != quant.NumericsUnset
	return o.LSTM.recurrent().dynamic(ctx.Numerics, in, out, each, func(d *direction, dir int, x, h []float32, states [][]float32) {
		var peep []float32
		if given(in, 7) {
			peep = in[7].Float32s()[dir*3*d.Hidden:]
		}
		d.lstm(states, peep, o.LSTM.InputForget, func(row int) float32 {
			if each {
				return x[row] + h[row]
			}
			return (x[row] + h[row]) + (d.bias(row) + d.bias(4*d.Hidden+row))
		})
	})
}
