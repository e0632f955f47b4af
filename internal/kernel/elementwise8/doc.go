// Package elementwise8 applies functions of one or two 8-bit codes. The rules
// of package quant (add, mul, rescale, clamp) depend on the codes alone, so a
// portable kernel is driven by a table of all results, which is exact by
// construction; others compute the rule itself, from its constants:
//
//	map:                     Out[i] = Unary[A[i]]
//	pair:                    Out[i] = Binary[A[i]][B[i]]
//	addfloat, addfixed, addratio, mul, mulearly: Out[i] = rule.Code(A[i], B[i]), for quint8
//
// Codes of qint8 are bytes like any other: the tables are indexed by their bits.
// A kernel is a row of Table.
//
// It sees raw slices; it must not know tensors, graphs or other families.
package elementwise8
