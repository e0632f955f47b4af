package autodiff

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/arena"
	"github.com/octet-ml/octet/internal/kernel/matmul32"
)

// buffer is memory of a step. It is alive from the first of its uses to the last and
// shares the memory with buffers before and after. One that the backward pass recomputes
// is not kept until then, and has other memory in each pass.
type buffer struct {
	size              int  // bytes
	forward, backward span // the cells that use it
	recomputed        bool
	mem               []byte    // in the pass that runs
	passes            [2][]byte // its memory in either pass
}

// The passes through the cells.
const (
	forwardPass = iota
	backwardPass
)

// span is a range of numbers of cells; empty while hi < lo.
type span struct{ lo, hi int }

func (s *span) include(i int) {
	if s.hi < s.lo {
		*s = span{i, i}
	} else {
		*s = span{min(s.lo, i), max(s.hi, i)}
	}
}

func (b *buffer) floats() []float32 { return viewOf[float32](b.mem) }

func viewOf[T any](b []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

// slack is how many bytes kernels may read past the last element.
const slack = 4 * matmul32.OverRead

// memory is the memory of a step: buffers, while it is built, then one arena.
type memory struct {
	buffers []*buffer
	bytes   int
}

func (m *memory) newBytes(n int) *buffer {
	b := &buffer{size: n, forward: span{0, -1}, backward: span{0, -1}}
	m.buffers = append(m.buffers, b)
	return b
}

func (m *memory) newFloats(n int) *buffer { return m.newBytes(4 * n) }

// place plans the arena for a step of so many cells. Cell i runs forward at time
// i and backward at time 2*cells - i; at time cells the loss is computed.
func (m *memory) place(cells int) {
	var blocks []*arena.Block
	blocksOf := make([][2]*arena.Block, len(m.buffers))
	for i, b := range m.buffers {
		lives := [2]span{b.forward, {2*cells - b.backward.hi, 2*cells - b.backward.lo}}
		if !b.recomputed {
			lives[forwardPass] = join(lives[forwardPass], lives[backwardPass])
		}
		for pass, alive := range lives {
			if pass == backwardPass && !b.recomputed {
				blocksOf[i][backwardPass] = blocksOf[i][forwardPass]
				break
			}
			block := &arena.Block{Bytes: arena.RoundUp(b.size + slack), First: alive.lo, Last: max(alive.lo, alive.hi)}
			blocks, blocksOf[i][pass] = append(blocks, block), block
		}
	}
	m.bytes = arena.Place(blocks)
	memory := viewOf[byte](bytesOf(make([]uint64, m.bytes/8)))
	for i, b := range m.buffers {
		for pass, block := range blocksOf[i] {
			b.passes[pass] = memory[block.Offset : block.Offset+b.size : block.Offset+block.Bytes]
		}
	}
	m.restart()
}

// restart is for the start of a forward pass.
func (m *memory) restart() {
	for _, b := range m.buffers {
		b.mem = b.passes[forwardPass]
	}
}

// join is the shortest span with both.
func join(a, b span) span {
	if b.lo <= b.hi {
		a.include(b.lo)
		a.include(b.hi)
	}
	return a
}

func bytesOf(w []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), 8*len(w))
}

// bytesOfFloats views numbers as memory.
func bytesOfFloats(f []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(f))), 4*len(f))
}
