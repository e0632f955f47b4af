package arena

import (
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// Blocks alive at the same step must not overlap, and the arena must hold them.
func TestPlace(t *testing.T) {
	r := testseed.Rand(t)
	for range 200 {
		var blocks []*Block
		for range 1 + r.IntN(40) {
			first := r.IntN(30) - 1
			blocks = append(blocks, &Block{Bytes: RoundUp(r.IntN(1000)), First: first, Last: first + r.IntN(10)})
		}
		size := Place(blocks)
		for i, a := range blocks {
			if a.Offset < 0 || a.Offset%Alignment != 0 || a.Offset+a.Bytes > size {
				t.Fatalf("block %d of %d bytes at %d in an arena of %d", i, a.Bytes, a.Offset, size)
			}
			for j, b := range blocks[:i] {
				alive := a.First <= b.Last && b.First <= a.Last
				if alive && a.Offset < b.Offset+b.Bytes && b.Offset < a.Offset+a.Bytes {
					t.Fatalf("blocks %d and %d overlap", i, j)
				}
			}
		}
	}
}

func TestBlocksOfDifferentTimesShareMemory(t *testing.T) {
	blocks := []*Block{{Bytes: 640, First: 0, Last: 1}, {Bytes: 640, First: 2, Last: 3}, {Bytes: 64, First: 1, Last: 2}}
	if size := Place(blocks); size != 704 {
		t.Errorf("the arena has %d bytes; 704 will do", size)
	}
	// A chain needs the memory of two neighbours only.
	chain := []*Block{{128, 0, 1, 0}, {128, 1, 2, 0}, {128, 2, 3, 0}, {128, 3, 4, 0}}
	if size := Place(chain); size != 256 {
		t.Errorf("a chain needs %d bytes", size)
	}
}
