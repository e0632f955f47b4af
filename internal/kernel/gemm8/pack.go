package gemm8

import (
	"encoding/binary"
	"unsafe"
)

// initial returns -zero times the sum of each row of w.
func initial(w []int8, n, k int, zero uint8) []int32 {
	init := make([]int32, n)
	for i := range init {
		init[i] = -int32(zero) * sum(w[i*k:(i+1)*k])
	}
	return init
}

// sum adds weights up, eight at a time: with 128 added to each they are unsigned,
// and a lane of 16 bits holds the sum of 128 pairs.
func sum(w []int8) int32 {
	const low, most = 0x00ff00ff00ff00ff, 128
	total := -128 * int32(len(w)&^7)
	b := asBytes(w)
	for len(b) >= 8 {
		n := min(len(b)/8, most)
		var lanes uint64
		for range n {
			v := binary.NativeEndian.Uint64(b) ^ 0x8080808080808080
			lanes += v&low + v>>8&low
			b = b[8:]
		}
		total += int32(lanes&0xffff + lanes>>16&0xffff + lanes>>32&0xffff + lanes>>48)
	}
	for _, v := range b {
		total += int32(int8(v))
	}
	return total
}

func asBytes(w []int8) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), len(w))
}

// packGroups lays out columns of w, [column][tap][depth], as [tap][group of codes][column]
// [code], in lines of width columns; a group has codes codes. A run that takes groups groups
// ends in zeros, which dst holds already.
func packGroups(dst, w []int8, columns, width, taps, depth, groups, codes int) {
	k := taps * depth
	for t := range taps {
		whole := 0
		for ; codes == 4 && whole < depth/4; whole++ {
			line := dst[(t*groups+whole)*width*4:][:columns*4]
			from := unsafe.Pointer(&w[t*depth+4*whole])
			_ = w[(columns-1)*k+t*depth+4*whole+3]
			to := unsafe.Pointer(&line[0])
			for c := range columns {
				*(*[4]int8)(unsafe.Add(to, 4*c)) = *(*[4]int8)(unsafe.Add(from, c*k))
			}
		}
		for g := whole; g*codes < depth; g++ {
			for c := range columns {
				copy(dst[((t*groups+g)*width+c)*codes:], w[c*k+t*depth:][g*codes:min(depth, (g+1)*codes)])
			}
		}
	}
}
