// Package rule holds requantization parameters, those of a quant.Requant, in the layout
// that the assembly of internal/kernel/_asm reads: kernel families embed Constants in
// their arguments.
//
// It must not know where accumulators come from.
package rule
