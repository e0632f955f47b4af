package tensor

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Shape lists the extent of each axis, outermost first. The empty shape is a scalar.
type Shape []int

// Numel is the number of elements: the product of the extents, 1 for a scalar.
// Use CheckedNumel on extents that come from a file.
func (s Shape) Numel() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// CheckedNumel is Numel for untrusted extents: a negative extent or a product
// beyond the range of int is an error.
func (s Shape) CheckedNumel() (int, error) {
	n := uint64(1)
	zero := false
	for i, d := range s {
		if d < 0 {
			return 0, fmt.Errorf("negative extent %d on axis %d of shape %v", d, i, s)
		}
		if d == 0 {
			zero = true
			continue
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > 1<<62 {
			return 0, fmt.Errorf("shape %v has more elements than can be addressed", s)
		}
		n = lo
	}
	if zero {
		return 0, nil
	}
	return int(n), nil
}

// Equal reports whether both shapes have the same extents.
func (s Shape) Equal(t Shape) bool { return slices.Equal(s, t) }

// Clone returns a copy that shares nothing with s.
func (s Shape) Clone() Shape { return slices.Clone(s) }

// String formats the shape as PyTorch prints it: [1, 3, 224, 224].
func (s Shape) String() string {
	var b strings.Builder
	b.WriteByte('[')
	for i, d := range s {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(d))
	}
	b.WriteByte(']')
	return b.String()
}

// Named is String where an extent below 0 is one of any size: it has the name at its place, if
// there is one that is not empty, and is a question mark else: [batch, 3, ?, ?].
func (s Shape) Named(names []string) string {
	extents := make([]string, len(s))
	for i, n := range s {
		switch {
		case n >= 0:
			extents[i] = strconv.Itoa(n)
		case i < len(names) && names[i] != "":
			extents[i] = names[i]
		default:
			extents[i] = "?"
		}
	}
	return "[" + strings.Join(extents, ", ") + "]"
}
