// Package measure owns how commands measure time and memory: the flags of a workload, models
// and their inputs, runs on several goroutines, models in turns, fresh processes. Graphs are
// timed by internal/timing; here its errors get exit codes, and its times become those of a
// report.
//
// It must not know accuracy, nor how figures are printed.
package measure
