// Package hashweights gives test models weights that need no file: every number
// follows from the parameter's name, its index and a seed by one integer hash,
// which tools/golden/hashweights.py computes too. Golden data of whole models
// can then be a few kilobytes.
//
// It must not know architectures or operators.
package hashweights
