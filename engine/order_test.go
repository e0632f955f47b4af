package engine

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

// stored returns, for each element of a value in row-major sequence, its place in memory.
func stored(s tensor.Shape, o order) []int {
	strides := o.strides(s)
	places := make([]int, s.Numel())
	for i := range places {
		rest := i
		for a := len(s) - 1; a >= 0; a-- {
			places[i] += rest % s[a] * strides[a]
			rest /= s[a]
		}
	}
	return places
}

func randomShape(r *rand.Rand) tensor.Shape {
	s := make(tensor.Shape, 1+r.IntN(5))
	for i := range s {
		s[i] = []int{1, 2, 3, 4, 6}[r.IntN(5)]
	}
	return s
}

// randomOrder is nil sometimes.
func randomOrder(r *rand.Rand, rank int) order {
	if r.IntN(4) == 0 {
		return nil
	}
	return order(r.Perm(rank))
}

func TestSameMemory(t *testing.T) {
	r := testseed.Rand(t)
	for range 2000 {
		s := randomShape(r)
		a, b := randomOrder(r, len(s)), randomOrder(r, len(s))
		if got, want := sameMemory(s, a, b), slices.Equal(stored(s, a), stored(s, b)); got != want {
			t.Fatalf("%v in orders %v and %v: the same memory %v, want %v", s, a, b, got, want)
		}
	}
}

func TestPermutedOrderIsTheSameMemory(t *testing.T) {
	r := testseed.Rand(t)
	for range 500 {
		s := randomShape(r)
		o, perm := randomOrder(r, len(s)), r.Perm(len(s))
		to := make(tensor.Shape, len(s))
		for i, a := range perm {
			to[i] = s[a]
		}
		want := make([]int, s.Numel()) // element i of the result is element source of s
		own, from := order(nil).strides(s), stored(s, o)
		for i := range want {
			rest, source := i, 0
			for a := len(to) - 1; a >= 0; a-- {
				source += rest % to[a] * own[perm[a]]
				rest /= to[a]
			}
			want[i] = from[source]
		}
		if got := stored(to, o.permuted(perm)); !slices.Equal(got, want) {
			t.Fatalf("%v in order %v, permuted by %v: %v", s, o, perm, o.permuted(perm))
		}
	}
}

// A reshape that stays in place keeps every element where it is, and one that could stay
// does.
func TestReshapedOrderIsTheSameMemory(t *testing.T) {
	r := testseed.Rand(t)
	kept := 0
	for range 3000 {
		s := randomShape(r)
		o := randomOrder(r, len(s))
		to := regrouped(r, s)
		got, ok := o.reshaped(s, to)
		if !ok {
			if sameMemory(s, o, nil) {
				t.Fatalf("%v, row-major, does not become %v", s, to)
			}
			continue
		}
		kept++
		if !slices.Equal(stored(s, o), stored(to, got)) {
			t.Fatalf("%v in order %v became %v in order %v", s, o, to, got)
		}
	}
	if kept < 300 {
		t.Errorf("only %d of the cases stay in place", kept)
	}
}

// regrouped is a shape with as many elements: extents joined, cut and ones put between.
func regrouped(r *rand.Rand, s tensor.Shape) tensor.Shape {
	var to tensor.Shape
	for i := 0; i < len(s); i++ {
		n := s[i]
		if i+1 < len(s) && r.IntN(3) == 0 {
			i++
			n *= s[i]
		}
		if r.IntN(3) == 0 && n%2 == 0 {
			to = append(to, 2)
			n /= 2
		}
		to = append(to, n)
		if r.IntN(4) == 0 {
			to = append(to, 1)
		}
	}
	return to
}

// A walk puts every element where the other order has it, whole and in parts.
func TestWalk(t *testing.T) {
	r := testseed.Rand(t)
	for range 1000 {
		s := randomShape(r)
		from, to := randomOrder(r, len(s)), randomOrder(r, len(s))
		size := []int{1, 2, 4, 8}[r.IntN(4)]
		src, dst := make(memory, s.Numel()*size), make(memory, s.Numel()*size)
		for i := range src {
			src[i] = byte(r.Uint32())
		}
		w := newWalk(s, from, to, size)
		if r.IntN(2) == 0 {
			w.all(dst, src)
		} else {
			for at := 0; at < w.rows(); {
				end := min(w.rows(), at+1+r.IntN(3))
				w.run(dst, src, at, end)
				at = end
			}
		}
		a, b := stored(s, from), stored(s, to)
		for i := range a {
			if !slices.Equal(dst[b[i]*size:][:size], src[a[i]*size:][:size]) {
				t.Fatalf("%v from %v to %v: element %d", s, from, to, i)
			}
		}
	}
}

// Operands that repeat, or lie in other orders, are read where NumPy's rule says.
func TestBroadcast(t *testing.T) {
	r := testseed.Rand(t)
	for range 500 {
		to := randomShape(r)
		if r.IntN(3) == 0 {
			to[len(to)-1] = 100 + r.IntN(100) // long lines
		}
		out := desc{order: randomOrder(r, len(to))}
		out.Shape, out.DType = to, tensor.Float32
		var in []desc
		for range 1 + r.IntN(2) {
			s := to[r.IntN(len(to)):].Clone()
			for i := range s {
				if r.IntN(3) == 0 {
					s[i] = 1
				}
			}
			d := desc{order: randomOrder(r, len(s))}
			d.Shape, d.DType = s, tensor.Float32
			in = append(in, d)
		}
		b := newBroadcast(in, out, 1+r.IntN(3))
		scratch := make([]uint64, b.scratch())
		expanded := newExpanded[float32](&b, scratch)
		elements := make([]int, to.Numel()) // by place
		for i, place := range stored(to, out.order) {
			elements[place] = i
		}
		for i, d := range in {
			m := make([]float32, d.Shape.Numel())
			for j := range m {
				m[j] = float32(j)
			}
			strides := along(d, to)
			for piece := range b.count {
				expanded.forget()
				for from, end := b.bounds(piece); from < end; {
					n := b.next(from, end)
					got := operandOf(&b, &expanded, i, m, from, n)
					for j := range n {
						if want := float32(at(to, strides, elements[from+j])); got[j] != want {
							t.Fatalf("%v of %v in %v: element %d is %v, want %v", d, to, out.order, from+j, got[j], want)
						}
					}
					from += n
				}
			}
		}
	}
}

// at is the place of the element that element i of a row-major value of shape s reads.
func at(s tensor.Shape, strides []int, i int) int {
	place := 0
	for a := len(s) - 1; a >= 0; a-- {
		place += i % s[a] * strides[a]
		i /= s[a]
	}
	return place
}
