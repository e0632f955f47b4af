// Package measure owns time and memory: runs of a model under a budget, the time of every
// layer, models in turns, an int8 model's twin in float32, a fresh process.
//
// It must not know accuracy, nor how figures are printed.
package measure
