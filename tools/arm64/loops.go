package main

// loop is a part of a routine: some stretches of instructions, each from one label to the
// next, or to where a branch goes back to the first.
type loop struct {
	name      string
	file      string // in internal/kernel
	routine   string
	outputs   int // results of a turn, for an epilogue; products are counted otherwise
	stretches []stretch
}

// stretch begins at label from, and ends in front of label to or, where that is empty, behind
// the branch to from.
type stretch struct{ from, to string }

// loops are what is priced.
var loops = []loop{
	{"gemm8 USMMLA 8x8", "gemm8/i8mm_arm64.s", "tiles8x8I8MM", 0, []stretch{{"steps", ""}}},
	{"gemm8 SDOT 4x16", "gemm8/dotprod_arm64.s", "tiles4x16DotProd", 0, []stretch{{"steps", ""}}},
	{"gemm8 SDOT 8x8", "gemm8/dotprod_arm64.s", "tiles8x8DotProd", 0, []stretch{{"steps", ""}}},
	{"gemm8 NEON 4x4", "gemm8/neon_arm64.s", "tiles4x4NEON", 0, []stretch{{"steps", ""}}},
	{"gemm8 NEON 4x4, weights of -128", "gemm8/neon_arm64.s", "tiles4x4ApartNEON", 0, []stretch{{"steps", ""}}},
	{"sgemm FMLA 8x8", "sgemm/neon_arm64.s", "tiles8x8NEON", 0, []stretch{{"steps", ""}}},
	{"depthwise8 USDOT, four taps", "depthwise8/i8mm_arm64.s", "rows16I8MM", 0, []stretch{{"taps", ""}}},
	{"depthwise8 SDOT, four taps", "depthwise8/dotprod_arm64.s", "rows16DotProd", 0, []stretch{{"taps", ""}}},
	{"depthwise8 NEON, two taps", "depthwise8/neon_arm64.s", "rows16NEON", 0, []stretch{{"taps", ""}}},
	{"elementwise8 addFloat", "elementwise8/neon_arm64.s", "addFloatNEON", 16, []stretch{{"block", ""}}},
	{"elementwise8 addFixed", "elementwise8/neon_arm64.s", "addFixedNEON", 16, []stretch{{"block", ""}}},
	{"elementwise8 addSigned", "elementwise8/neon_arm64.s", "addSignedNEON", 16, []stretch{{"block", ""}}},
	{"elementwise8 addRatio, large", "elementwise8/neon_arm64.s", "addRatioNEON", 16, []stretch{{"block", ""}}},
	{"elementwise8 mul, large", "elementwise8/neon_arm64.s", "mulNEON", 16, []stretch{{"block", ""}}},
	{"elementwise8 map", "elementwise8/neon_arm64.s", "mapNEON", 16, []stretch{{"block", ""}}},
	{"depthwise32 FMLA, four pixels", "depthwise32/neon_arm64.s", "pixelsNEON", 0, []stretch{{"several16Tap", ""}}},
	{"elementwise32 add", "elementwise32/neon_arm64.s", "addNEON", 16, []stretch{{"block", ""}}},
	{"elementwise32 hardswish", "elementwise32/neon_arm64.s", "hardswishNEON", 16, []stretch{{"block", ""}}},
	{"elementwise32 silu", "elementwise32/neon_arm64.s", "siluNEON", 16, []stretch{{"block", ""}}},
	{"elementwise32 gelu", "elementwise32/neon_arm64.s", "geluNEON", 16, []stretch{{"block", ""}}},
	{"softmax, exponentials", "rows32/neon_arm64.s", "exponentialsNEON", 16, []stretch{{"block", ""}}},
	{"layer norm, squares", "rows32/neon_arm64.s", "squaresNEON", 16, []stretch{{"block", ""}}},
	{"layer norm, results", "rows32/neon_arm64.s", "normalizeNEON", 16, []stretch{{"block", ""}}},
	{"pool32 max, a pixel", "pool32/neon_arm64.s", "maxNEON", 16, []stretch{{"channels16Cell", "channels16End"}}},
	{"pool32 average, a pixel", "pool32/neon_arm64.s", "averageNEON", 16, []stretch{{"channels16Cell", "channels16End"}}},
	{"matmul32 rows, 6x8", "matmul32/neon_arm64.s", "rows6x8NEON", 0, []stretch{{"steps", ""}}},
	{"matmul32 outer, 6x8", "matmul32/neon_arm64.s", "outer6x8NEON", 0, []stretch{{"row", ""}}},
	{"channels32 finish, quantized", "channels32/neon_arm64.s", "quantizeNEON", 8, []stretch{{"row", ""}}},
	{"channels32 gradient of batch norm", "channels32/neon_arm64.s", "applyNEON", 8, []stretch{{"row", ""}}},
	{"filters32, four pixels", "filters32/neon_arm64.s", "filterNEON", 0, []stretch{{"several16Tap", ""}}},
	{"filters32, gradient of weights", "filters32/neon_arm64.s", "weightsNEON", 0, []stretch{{"channels16Pixel", ""}}},
	{"argmax32, a tap", "argmax32/neon_arm64.s", "pixelsNEON", 16, []stretch{{"channels16Tap", ""}}},
	{"statistics histogram", "statistics/neon_arm64.s", "histogramNEON", 8, []stretch{{"step", ""}, {"count", ""}}},
	{"statistics noise", "statistics/neon_arm64.s", "noiseNEON", 4, []stretch{{"group", ""}}},
	{"quantize", "quantize/neon_arm64.s", "toUnsignedNEON", 16, []stretch{{"block", ""}}},
	{"dequantize", "quantize/neon_arm64.s", "toRealsNEON", 16, []stretch{{"block", ""}}},
	{"pool8 max, a cell of 64", "pool8/neon_arm64.s", "maxNEON", 64, []stretch{{"wideCell", ""}}},
	{"pool8 average, a cell of 16", "pool8/neon_arm64.s", "averageNEON", 16, []stretch{{"narrowCell", ""}}},
	{"layout, 16 rows of codes", "layout/neon_arm64.s", "transposeBytesNEON", 128, []stretch{{"block", ""}}},
	{"layout, 4 rows of numbers", "layout/neon_arm64.s", "transposeNumbersNEON", 16, []stretch{{"block", ""}}},
	{"requant8 to float32", "requant8/neon_arm64.s", "realsNEON", 16, []stretch{{"row", ""}}},
	{"requant8 to float32, fused", "requant8/neon_arm64.s", "realsFusedNEON", 16, []stretch{{"row", ""}}},
	{"AddBias", "gemm8/dotprod_arm64.s", "tiles4x16DotProd", 64, []stretch{{"requantize", "intBias"}, {"narrow", "clampCodes"}, {"whole", "stored"}}},
	{"IntBias", "gemm8/dotprod_arm64.s", "tiles4x16DotProd", 64, []stretch{{"requantize", "addBias"}, {"intBias", "fusedBias"}, {"narrow", "clampCodes"}, {"whole", "stored"}}},
	{"FusedBias", "gemm8/dotprod_arm64.s", "tiles4x16DotProd", 64, []stretch{{"requantize", "addBias"}, {"fusedBias", "realBias"}, {"narrow", "clampCodes"}, {"whole", "stored"}}},
	{"RealBias", "gemm8/dotprod_arm64.s", "tiles4x16DotProd", 64, []stretch{{"requantize", "addBias"}, {"realBias", "real"}, {"narrow", "addZero"}, {"saturate", "clampCodes"}, {"whole", "stored"}}},
	{"AddBias, beyond 16 bits", "gemm8/dotprod_arm64.s", "tiles4x16DotProd", 64, []stretch{{"requantize", "intBias"}, {"clamp", "narrow"}}},
	{"AddBias, large", "gemm8/dotprod_arm64.s", "tiles4x16DotProd", 64, []stretch{{"requantize", "intBias"}, {"real", "narrow"}}},
	{"winograd32 input, a tile", "winograd32/neon_arm64.s", "spreadNEON", 4, []stretch{{"channels", ""}}},
	{"winograd32 output, a tile", "winograd32/neon_arm64.s", "foldNEON", 4, []stretch{{"channels", ""}}},
}
