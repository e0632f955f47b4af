// Package cpu probes the machine once and says which instruction sets may be
// used, the operating system's consent included. A Features value is plain
// data, so that kernel selection can be asked what another machine would run. On a machine
// with cores of several kinds the operating systems report what all of them have.
//
// It also says how many threads pay.
//
// It knows instruction sets; it must not know kernels.
package cpu
