package onnx

// firstSets are the operator sets that operators are in since, in the form in which they are
// written; those that are not named are in all that are written.
var firstSets = map[string]int{
	"BitShift": 11, "Det": 11, "DynamicQuantizeLinear": 11, "Unique": 11, "CumSum": 11, "DepthToSpace": 11, "Equal": 11, "GatherElements": 11, "GatherND": 11, "Range": 11, "Round": 11,
	"ScatterElements": 11, "ScatterND": 11, "TopK": 11,
	"Celu": 12, "Einsum": 12, "GreaterOrEqual": 12, "LessOrEqual": 12,
	"HardSwish":          14,
	"GridSample":         16,
	"DFT":                17,
	"LayerNormalization": 17,
	"BitwiseAnd":         18, "BitwiseNot": 18, "BitwiseOr": 18, "BitwiseXor": 18, "CenterCropPad": 18, "Col2Im": 18, "Mish": 18,
	"DeformConv":         19,
	"Gelu":               20,
	"GroupNormalization": 21,
}
