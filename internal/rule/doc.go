// Package rule lays out a quant.Requant for the routines that internal/kernel/_asm
// writes: kernel families embed Constants in their arguments.
//
// It must not know where sums come from.
package rule
