package ortcompat

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Shape is the extents of a tensor; -1 in what a model declares is one of any size.
type Shape []int64

// ErrZeroShapeLength: a shape has no extents.
var ErrZeroShapeLength = errors.New("ortcompat: the shape has no extents")

// ErrShapeOverflow: a shape has more elements than can be counted.
var ErrShapeOverflow = errors.New("ortcompat: the number of elements of the shape overflows")

// BadShapeDimensionError: an extent is 0 or negative.
type BadShapeDimensionError struct {
	DimensionIndex int   // counted from 0
	DimensionSize  int64 // 0 or less
}

// Error names the extent.
func (e *BadShapeDimensionError) Error() string {
	return fmt.Sprintf("ortcompat: extent %d of the shape is %d; one above 0 is expected", e.DimensionIndex, e.DimensionSize)
}

// NewShape is the shape of these extents.
func NewShape(dimensions ...int64) Shape { return slices.Clone(Shape(dimensions)) }

// FlattenedSize is the number of elements; 0 of a shape without extents.
func (s Shape) FlattenedSize() int64 {
	if len(s) == 0 {
		return 0
	}
	n := int64(1)
	for _, d := range s {
		n *= d
	}
	return n
}

// Validate returns an error unless every extent is above 0 and the elements can be counted.
func (s Shape) Validate() error {
	if len(s) == 0 {
		return ErrZeroShapeLength
	}
	n := int64(1)
	for i, d := range s {
		if d <= 0 {
			return &BadShapeDimensionError{i, d}
		}
		if n > math.MaxInt64/d {
			return ErrShapeOverflow
		}
		n *= d
	}
	return nil
}

// Clone is a copy.
func (s Shape) Clone() Shape { return slices.Clone(s) }

// Equals reports whether both have the same extents.
func (s Shape) Equals(other Shape) bool { return slices.Equal(s, other) }

// String is like [1 3 224 224].
func (s Shape) String() string { return fmt.Sprint([]int64(s)) }

// ints are the extents as octet has them.
func (s Shape) ints() []int {
	out := make([]int, len(s))
	for i, d := range s {
		out[i] = int(d)
	}
	return out
}

func shapeOf(extents []int) Shape {
	s := make(Shape, len(extents))
	for i, d := range extents {
		s[i] = int64(d)
	}
	return s
}
