// Package winograd32 transforms what a float32 convolution of 3x3 at stride 1
// multiplies: by Winograd's F(2x2, 3x3), four output pixels take 16 products of each
// pair of channels in place of 36. The products themselves are matrix products of
// another package, one for each of 16 points:
//
//	input     V[p][m][c] = (B' d B)[p] for the input pixels d of tile m and channel c
//	sgemm     S[p][m][n] = sum over c of V[p][m][c] * U[p][n][c]
//	output    Out = clamp((A' S A) + Bias) for the output pixels of tile m
//
// with U = G g G', see Filters. What is added and multiplied for a pixel, and in which
// order, depends on its position in the image alone. Both transforms only add, with one
// rounding for each addition, so all rows of Table give the same bits.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package winograd32
