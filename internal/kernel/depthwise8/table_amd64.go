//go:build !noasm

package depthwise8

import (
	"github.com/octet-ml/octet/internal/cpu"
)

//go:generate go run -C ../_asm . depthwise8 ../depthwise8

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	rowOf("avx512vnni", cpu.AVX512|cpu.AVX512VNNI|cpu.FMA, family{
		taps: 4, bytes: 4, rows: []routine{{64, zmmVNNI}, {32, ymmVNNI}, {16, xmmVNNI}},
	}),
	rowOf("avx2", cpu.AVX2|cpu.FMA, family{
		taps: 2, bytes: 4, nibbles: true, rows: []routine{{32, ymmNibbles}, {16, xmmNibbles}},
	}),
}

//go:noescape
func rows16AVX2(arg *block)

//go:noescape
func rows32AVX2(arg *block)

//go:noescape
func rows16AVX512VNNI(arg *block)

//go:noescape
func rows32AVX512VNNI(arg *block)

//go:noescape
func rows64AVX512VNNI(arg *block)

// The routines. They are called by a switch, because the argument of a function
// value would be allocated.
const (
	xmmNibbles = iota
	ymmNibbles
	xmmVNNI
	ymmVNNI
	zmmVNNI
)

func (r routine) run(a *block) {
	switch r.code {
	case xmmNibbles:
		rows16AVX2(a)
	case ymmNibbles:
		rows32AVX2(a)
	case xmmVNNI:
		rows16AVX512VNNI(a)
	case ymmVNNI:
		rows32AVX512VNNI(a)
	case zmmVNNI:
		rows64AVX512VNNI(a)
	}
}

// supports reports whether the routines compute such filters: at least as many channels as
// the narrowest block, at most maxTaps taps, and, where weights are split, filters that can
// be.
func (f *family) supports(w []int8, channels, taps int) bool {
	if channels < f.rows[len(f.rows)-1].width || taps > maxTaps {
		return false
	}
	for c := 0; f.nibbles && taps > 16 && c < channels; c++ {
		if low, _ := split(w[c*taps:][:taps]); low == nil {
			return false
		}
	}
	return true
}

// order returns the channel, within a part, that position i of its arrays holds.
func order(i, width int) int {
	k, lane := i/(width/4), i%(width/4)/4
	return lane*16 + k*4 + i%4
}

// put puts the weights of channel i of a part, in the routine's order, where its routine
// finds them.
func (f *family) put(weights []byte, p part, i int, w []int8) {
	if f.nibbles {
		low, high := split(w)
		for t := range w {
			packNibbles(weights[t/2*p.width*4:], p.width, order(i, p.width), t%2, low[t], high[t])
		}
		return
	}
	for t, v := range w {
		weights[(t/4*p.width+i)*4+t%4] = byte(v)
	}
}

// packNibbles puts a weight into a pair of taps: four vectors, the low parts of
// one half of the channels of each lane, of the other half, then the high parts.
func packNibbles(pair []byte, width, channel, tap int, low, high int8) {
	lane, half, i := channel/16, channel%16/8, channel%8
	at := half*width + lane*16 + i*2 + tap
	pair[at], pair[2*width+at] = byte(low), byte(high)
}
