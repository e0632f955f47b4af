package compare

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// rounded is what logarithms of sums of whole numbers lose, in decibels, at most.
const rounded = 1e-6

// The margin grows with what inputs differ by, and shrinks with their number.
func TestUnseenLeavesAMargin(t *testing.T) {
	of := func(noise ...float64) ratios {
		n := noisy{noise: noise}
		for range noise {
			n.signal = append(n.signal, 100)
		}
		return n.ratios()
	}
	one, few, many, uneven := of(1), of(1, 1), of(1, 1, 1, 1, 1, 1, 1, 1), of(0, 0, 0, 0, 0, 0, 0, 8)
	for _, r := range []ratios{one, few, many, uneven} {
		if math.Abs(float64(r.sqnr)-20) > rounded {
			t.Errorf("%+v of noise that is a hundredth", r)
		}
	}
	if !(one.unseen < few.unseen && few.unseen < many.unseen && uneven.unseen < many.unseen && many.unseen < 20) {
		t.Errorf("one input %v, two %v, eight %v, eight that differ %v", one.unseen, few.unseen, many.unseen, uneven.unseen)
	}
	if r := of(0, 0); r.sqnr != exactly || r.unseen != exactly {
		t.Errorf("%+v without noise", r)
	}
	if r := (&noisy{}).ratios(); r.sqnr != exactly {
		t.Errorf("%+v of an output that is not measured", r)
	}
}

// Layers are ranked in front of what hides noise: a softmax, also behind a reshape.
func TestRankedInFrontOfSoftmax(t *testing.T) {
	r := testseed.Rand(t)
	normal := func(shape ...int) *tensor.Tensor {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Float32s() {
			x.Float32s()[i] = float32(r.NormFloat64())
		}
		return x
	}
	g := graph.New("scores")
	x := g.AddInput("x", graph.Float32)
	y := g.AddNode("y", op.Linear{}, x, g.AddConst("w", normal(4, 4)))
	s := g.AddNode("s", op.Softmax{Axis: -1}, y)
	f := g.AddNode("f", op.Flatten{Start: 0, End: -1}, s)
	z := g.AddNode("z", op.Add{}, s, y)
	for _, c := range []struct{ output, want *graph.Value }{{s, y}, {f, y}, {y, y}, {z, z}, {x, x}} {
		if got := bare(c.output); got != c.want {
			t.Errorf("%s is measured at %s, not at %s", c.output.Name, got.Name, c.want.Name)
		}
	}
}

// expanded is what the terms left out of student's expansion come to, with 4 degrees of freedom;
// with more they are less.
const expanded = 0.06

// The fewer inputs tell of a standard deviation, the more of them it takes: quantiles of Student's
// t for 95.45 %, with 4, 5, 10, 20 and 50 degrees of freedom.
func TestStudent(t *testing.T) {
	for free, want := range map[float64]float64{4: 2.87, 5: 2.65, 10: 2.28, 20: 2.13, 50: 2.05} {
		if got := student(free + 1); math.Abs(got-want) > expanded {
			t.Errorf("%v degrees of freedom: %.3f, want %.2f", free, got, want)
		}
	}
}

// What outputs gain on the inputs at hand, but not in front of a softmax, is luck.
func TestLuck(t *testing.T) {
	s := &search{}
	for i, c := range []struct {
		m    ratios
		want Decibels
	}{
		{ratios{sqnr: 20, front: 30}, 0},       // there is nothing to compare it with
		{ratios{sqnr: 15, front: 25}, 0},       // as the first
		{ratios{sqnr: 29, front: 30}, 6},       // 9 closer to what is in front than these: 6 above the mean
		{ratios{sqnr: 10, front: 30}, 0},       // bad luck is not made up for
		{ratios{sqnr: 40, front: exactly}, 0},  // without a softmax
		{ratios{sqnr: exactly, front: 100}, 0}, // without noise
	} {
		if got := s.luck(c.m); math.Abs(float64(got-c.want)) > rounded {
			t.Errorf("model %d: %v dB, want %v", i, got, c.want)
		}
	}
}
