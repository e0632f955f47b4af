package arena

import "slices"

// Alignment of blocks: a cache line, and a vector register.
const Alignment = 64

// Block is a piece of memory with its lifetime: the steps First to Last, both included.
type Block struct {
	Bytes       int // a multiple of Alignment
	First, Last int // steps, counted from 0
	Offset      int // in the arena, set by Place; a multiple of Alignment
}

// RoundUp returns bytes rounded up to the alignment.
func RoundUp(bytes int) int { return (bytes + Alignment - 1) / Alignment * Alignment }

// Place gives the blocks offsets such that those alive at the same step do not
// overlap, and returns the size of the arena. Bytes are multiples of Alignment.
// Large blocks are placed first, each at the lowest offset where it fits.
func Place(blocks []*Block) int {
	order := slices.Clone(blocks)
	slices.SortStableFunc(order, func(a, b *Block) int { return b.Bytes - a.Bytes })
	var placed []*Block // by offset
	size := 0
	for _, b := range order {
		at := 0
		for _, p := range placed {
			if p.Last < b.First || b.Last < p.First {
				continue
			}
			if at+b.Bytes <= p.Offset {
				break
			}
			at = max(at, p.Offset+p.Bytes)
		}
		b.Offset = at
		i, _ := slices.BinarySearchFunc(placed, b, func(p, b *Block) int { return p.Offset - b.Offset })
		placed = slices.Insert(placed, i, b)
		size = max(size, at+b.Bytes)
	}
	return size
}
