package cpu

import (
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sys/cpu"
)

// Features is a set of instruction sets.
type Features uint32

// The instruction sets that kernels ask for.
const (
	AVX2        Features = 1 << iota
	FMA                  // 256-bit fused multiply-add
	AVX512               // F, BW, DQ and VL, with the wide registers saved by the system
	AVX512VNNI           // VPDPBUSD on 512 bits
	AVXVNNI              // VPDPBUSD in VEX encoding
	NEON                 // arm64 baseline
	DotProd              // SDOT, UDOT
	I8MM                 // SMMLA, UMMLA, USMMLA
	AVX512VBMI           // VPERMI2B
	AMX                  // tiles of int8, with the system's consent to their state
	numFeatures = iota
)

var names = [numFeatures]string{"avx2", "fma", "avx512", "avx512vnni", "avxvnni", "neon", "dotprod", "i8mm", "avx512vbmi", "amx"}

// Of returns the features that CPUs of an architecture may have, in Go's words; those of
// architectures without kernels have none.
func Of(arch string) Features {
	switch arch {
	case "amd64":
		return AVX2 | FMA | AVX512 | AVX512VNNI | AVXVNNI | AVX512VBMI | AMX
	case "arm64":
		return NEON | DotProd | I8MM
	}
	return 0
}

// Has reports whether f contains everything in want.
func (f Features) Has(want Features) bool { return f&want == want }

// String lists the features, or says "none".
func (f Features) String() string {
	var have []string
	for i, name := range names {
		if f.Has(1 << i) {
			have = append(have, name)
		}
	}
	if have == nil {
		return "none"
	}
	return strings.Join(have, "+")
}

// Parse is the inverse of String.
func Parse(s string) (Features, error) {
	var f Features
	if s == "none" || s == "" {
		return 0, nil
	}
next:
	for _, word := range strings.Split(s, "+") {
		for i, name := range names {
			if name == word {
				f |= 1 << i
				continue next
			}
		}
		return 0, fmt.Errorf("unknown CPU feature %q: the features are %v", word, names)
	}
	return f, nil
}

// Limit returns the features of a list, or those of this machine for an empty one. A list
// with others than this machine has is an error.
func Limit(list string) (Features, error) {
	if list == "" {
		return Host(), nil
	}
	f, err := Parse(list)
	if err == nil && !Host().Has(f) {
		err = fmt.Errorf("cannot use %v: this machine has %v", f, Host())
	}
	if err != nil {
		return 0, err
	}
	return f, nil
}

// Host returns the features of this machine.
var Host = sync.OnceValue(func() Features {
	var f Features
	add := func(have bool, feature Features) {
		if have {
			f |= feature
		}
	}
	x := &cpu.X86
	add(x.HasAVX2, AVX2)
	add(x.HasAVX2 && x.HasFMA, FMA)
	add(x.HasAVX2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL, AVX512)
	add(f.Has(AVX512) && x.HasAVX512VNNI, AVX512VNNI)
	add(f.Has(AVX512) && x.HasAVX512VBMI, AVX512VBMI)
	add(f.Has(AVX2) && x.HasAVXVNNI, AVXVNNI)
	add(f.Has(AVX512) && x.HasAMXTile && x.HasAMXInt8 && tilesGranted(), AMX)
	a := &cpu.ARM64
	add(a.HasASIMD, NEON)
	add(a.HasASIMDDP, DotProd)
	add(a.HasI8MM || matricesReported(), I8MM)
	return f
})
