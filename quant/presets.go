package quant

import "github.com/octet-ml/octet/tensor"

// presets is the table of QConfigs. A new preset is a new row. It is a function so that
// a program that only runs models does not link it.
func presets() []Preset {
	return []Preset{
		{"default", "post-training default of the backend: histogram activations, min/max weights", true, defaultConfig},
		{"default_qat", "training default of the backend: fused moving averages", true, defaultQAT},
		{"default_qat_v0", "training default of the backend before PyTorch fused observer and rounding", true, defaultQATv0},
		{"torchvision", "what torchvision.models.quantization uses: min/max activations in 0..127", true, torchvisionConfig},
		{"octet", "octet's own, for files that octet runs: fbgemm's default over all of 0..255, whatever the backend", false,
			fixed(histogramAct, perChannelWeight)},
		{"octet_qat", "octet's own, for training: averaged activations, weights by their own range in -127..127", true, octetQAT},
		{"minmax", "octet's own: the backend's default with the smallest and largest value seen", true, observing(MinMax)},
		{"percentile", "octet's own: the backend's default with the range that holds 99.99 % of the values", true, observing(Percentile)},
		{"mse", "octet's own: the backend's default with the range of least mean squared error", true, observing(MSE)},
		{"default_qconfig", "min/max activations in 0..127, per-tensor weights", false,
			fixed(minmaxAct, perTensorWeight)},
		{"default_per_channel_qconfig", "as default_qconfig with per-channel weights", false,
			fixed(minmaxAct, perChannelWeight)},
		{"default_quint8_weight_qconfig", "histogram activations, unsigned affine weights", false,
			fixed(histogramAct, ObserverSpec{Kind: MinMax, DType: tensor.QUInt8})},
		{"default_symmetric_qnnpack_qconfig", "signed activations, weights in -127..127, per tensor", false,
			fixed(signedAct, narrow(perTensorWeight))},
		{"default_per_channel_symmetric_qnnpack_qconfig", "signed activations, weights in -127..127, per channel", false,
			fixed(signedAct, narrow(perChannelWeight))},
		{"default_dynamic_qconfig", "activations quantized at run time, per-tensor weights", false,
			fixed(dynamicAct, perTensorWeight)},
		{"per_channel_dynamic_qconfig", "activations quantized at run time, per-channel weights", false,
			fixed(dynamicAct, perChannelWeight)},
		{"float16_dynamic_qconfig", "half-precision weights, activations converted at run time", false,
			fixed(dynamicOf(half), half)},
		{"float16_static_qconfig", "half-precision weights and activations", false, fixed(half, half)},
		{"float_qparams_weight_only_qconfig", "embedding tables: unsigned weights with float zero points", false,
			fixed(ObserverSpec{Kind: Placeholder, DType: tensor.Float32}, embeddingWeight)},
		{"default_qat_qconfig", "moving averages, activations in 0..127", false,
			fixed(averaged(reduced(minmaxPlain), PlainFakeQuant), averaged(perTensorWeight, PlainFakeQuant))},
		{"default_qat_qconfig_v2", "fused moving averages, activations in 0..255", false,
			fixed(averaged(minmaxPlain, FusedFakeQuant), averaged(perTensorWeight, FusedFakeQuant))},
		{"default_symmetric_qnnpack_qat_qconfig", "training with signed activations, weights in -127..127, per tensor", false,
			fixed(averaged(signedAct, FusedFakeQuant), averaged(narrow(perTensorWeight), FusedFakeQuant))},
		{"default_per_channel_symmetric_qnnpack_qat_qconfig", "training with signed activations, weights in -127..127, per channel", false,
			fixed(averaged(signedAct, FusedFakeQuant), averaged(narrow(perChannelWeight), FusedFakeQuant))},
		{"default_weight_only_qconfig", "training of the weights only", false,
			fixed(ObserverSpec{Kind: NoObserver, DType: tensor.Float32}, averaged(perTensorWeight, PlainFakeQuant))},
		{"default_activation_only_qconfig", "training of the activations only", false,
			fixed(averaged(reduced(minmaxPlain), PlainFakeQuant), ObserverSpec{Kind: NoObserver, DType: tensor.Float32})},
		{"default_dynamic_qat_qconfig", "training for activations that are quantized at run time", false,
			fixed(memoryless(dynamicOf(averaged(minmaxPlain, PlainFakeQuant))), averaged(perTensorWeight, PlainFakeQuant))},
		{"default_embedding_qat_qconfig", "training of embedding tables", false,
			fixed(ObserverSpec{Kind: Placeholder, DType: tensor.Float32}, memoryless(averaged(embeddingWeight, PlainFakeQuant)))},
	}
}

// The parts that the presets are made of.
var (
	histogramAct = ObserverSpec{Kind: Histogram, DType: tensor.QUInt8}
	minmaxPlain  = ObserverSpec{Kind: MinMax, DType: tensor.QUInt8}
	minmaxAct    = within(minmaxPlain, 0, 127)
	signedAct    = ObserverSpec{Kind: Histogram, DType: tensor.QInt8, Eps: 0x1p-12}
	dynamicAct   = within(dynamicOf(ObserverSpec{Kind: Placeholder, DType: tensor.QUInt8}), 0, 255)
	half         = ObserverSpec{Kind: Placeholder, DType: tensor.Float16}

	perTensorWeight  = ObserverSpec{Kind: MinMax, DType: tensor.QInt8, QScheme: PerTensorSymmetric}
	perChannelWeight = ObserverSpec{Kind: PerChannelMinMax, DType: tensor.QInt8, QScheme: PerChannelSymmetric}
	embeddingWeight  = ObserverSpec{Kind: PerChannelMinMax, DType: tensor.QUInt8, QScheme: PerChannelAffineFloatQParams}
)

func fixed(act, weight ObserverSpec) func(Numerics) QConfig {
	return func(Numerics) QConfig { return QConfig{Activation: act.clone(), Weight: weight.clone()} }
}

// observing is the backend's default with another observer of activations.
func observing(kind ObserverKind) func(Numerics) QConfig {
	return func(n Numerics) QConfig {
		c := defaultConfig(n)
		c.Activation.Kind = kind
		return c
	}
}

// clone keeps callers from changing the table through a pointer.
func (s ObserverSpec) clone() ObserverSpec {
	if s.QuantMin != nil && s.QuantMax != nil {
		return within(s, *s.QuantMin, *s.QuantMax)
	}
	return s
}

func within(s ObserverSpec, lo, hi int) ObserverSpec {
	s.QuantMin, s.QuantMax = &lo, &hi
	return s
}

func reduced(s ObserverSpec) ObserverSpec {
	s.ReduceRange = true
	return s
}

func dynamicOf(s ObserverSpec) ObserverSpec {
	s.Dynamic = true
	return s
}

// memoryless makes a moving average forget everything but the last batch.
func memoryless(s ObserverSpec) ObserverSpec {
	s.AveragingConstant = 1
	return s
}

// narrow leaves out the code -128 and keeps scales above 2^-12, as XNNPACK wants.
func narrow(s ObserverSpec) ObserverSpec {
	s.Eps = 0x1p-12
	return within(s, -127, 127)
}

// averaged turns an observer for calibration into the one for training.
func averaged(s ObserverSpec, f FakeQuantKind) ObserverSpec {
	s.FakeQuant = f
	if s.QScheme.IsPerChannel() {
		s.Kind = MovingAveragePerChannelMinMax
	} else {
		s.Kind = MovingAverageMinMax
	}
	return s
}

// weightOf returns the weight observer of a backend: qnnpack is per tensor.
func weightOf(n Numerics) ObserverSpec {
	if n == QNNPACK {
		return perTensorWeight
	}
	return perChannelWeight
}

// headroom halves the range of codes for fbgemm, whose instructions saturate.
func headroom(s ObserverSpec, n Numerics) ObserverSpec {
	s.ReduceRange = n == FBGEMM
	return s
}

func defaultConfig(n Numerics) QConfig {
	return QConfig{Activation: headroom(histogramAct, n), Weight: weightOf(n)}
}

func defaultQAT(n Numerics) QConfig { return trainingConfig(n, FusedFakeQuant) }

func defaultQATv0(n Numerics) QConfig { return trainingConfig(n, PlainFakeQuant) }

func trainingConfig(n Numerics, f FakeQuantKind) QConfig {
	return QConfig{
		Activation: averaged(within(headroom(minmaxPlain, n), 0, 255), f),
		Weight:     averaged(within(weightOf(n), -128, 127), f),
	}
}

// octetQAT trains on the grid that the converted model has: weights by the range
// they have at the moment, in -127..127, where the largest of them has a code of
// its own whatever its sign.
func octetQAT(n Numerics) QConfig {
	c := trainingConfig(n, PlainFakeQuant)
	c.Weight = memoryless(within(c.Weight, -127, 127))
	return c
}

func torchvisionConfig(n Numerics) QConfig {
	return fixed(minmaxAct, weightOf(n))(n)
}
