package observe

import (
	"testing"
)

type goldenCase struct {
	Kind     string
	Spec     goldenSpec
	Dims     []int
	Batches  []batch
	Ranges   [][2]uint32
	After    [][3]uint32
	Search   *[2]uint32
	Min, Max []uint32
	Raises   bool
	Scale    []uint32 `json:"want_scale"`
	Zero     []int64  `json:"want_zero"`
}

func TestPerTensorGolden(t *testing.T) {
	ranges := tally{t: t, subject: "ranges after every batch"}
	params := tally{t: t, subject: "scale and zero point"}
	defer ranges.done()
	defer params.done()
	for i, c := range golden[goldenCase](t, "tensor.json") {
		o := open(t, c.Spec.spec(t, c.Kind))
		for b, recipe := range c.Batches {
			observe(t, o, recipe.values())
			lo, hi, ok := o.Range()
			ranges.check(ok && lo == fromBits(c.Ranges[b][0]) && hi == fromBits(c.Ranges[b][1]),
				"case %d batch %d: %g..%g, want %g..%g", i, b, lo, hi, fromBits(c.Ranges[b][0]), fromBits(c.Ranges[b][1]))
			o = reload(t, o)
		}
		params.checkCase(i, o, c)
	}
}

func TestPerChannelGolden(t *testing.T) {
	ranges := tally{t: t, subject: "channel ranges"}
	params := tally{t: t, subject: "scales and zero points"}
	defer ranges.done()
	defer params.done()
	for i, c := range golden[goldenCase](t, "channel.json") {
		o := open(t, c.Spec.spec(t, c.Kind))
		for _, recipe := range c.Batches {
			observe(t, o, recipe.values(), c.Dims...)
			o = reload(t, o)
		}
		var p *perChannel
		switch v := o.(type) {
		case *perChannel:
			p = v
		case *movingAveragePerChannel:
			p = &v.perChannel
		}
		for k := range c.Min {
			ranges.check(p.lo[k] == fromBits(c.Min[k]) && p.hi[k] == fromBits(c.Max[k]),
				"case %d channel %d: %g..%g, want %g..%g", i, k, p.lo[k], p.hi[k], fromBits(c.Min[k]), fromBits(c.Max[k]))
		}
		params.checkCase(i, o, c)
	}
}

func TestHistogramGolden(t *testing.T) {
	state := tally{t: t, subject: "range and counts after every batch"}
	searched := tally{t: t, subject: "searched range"}
	params := tally{t: t, subject: "scale and zero point"}
	defer state.done()
	defer searched.done()
	defer params.done()
	for i, c := range golden[goldenCase](t, "histogram.json") {
		o := open(t, c.Spec.spec(t, c.Kind)).(*histogram)
		for b, recipe := range c.Batches {
			observe(t, o, recipe.values())
			lo, hi := fromBits(c.After[b][0]), fromBits(c.After[b][1])
			state.check(o.lo == lo && o.hi == hi, "case %d batch %d: %g..%g, want %g..%g", i, b, o.lo, o.hi, lo, hi)
			state.check(crc(o.counts) == c.After[b][2], "case %d batch %d (%s): other counts", i, b, recipe.Shape)
			o = reload(t, o).(*histogram)
		}
		if c.Search != nil {
			lo, hi := o.search()
			wantLo, wantHi := fromBits(c.Search[0]), fromBits(c.Search[1])
			searched.check(lo == wantLo && hi == wantHi, "case %d: %g..%g, want %g..%g", i, lo, hi, wantLo, wantHi)
		}
		params.checkCase(i, o, c)
	}
}

// checkCase compares parameters, except where PyTorch gives up: there any will do.
func (y *tally) checkCase(i int, o Observer, c goldenCase) {
	if !c.Raises {
		y.checkQParams(i, o, c.Scale, c.Zero)
		return
	}
	_, err := o.QParams()
	y.check(err == nil, "case %d: %v", i, err)
}

// reload returns a fresh observer with the state of o, through JSON.
func reload(t *testing.T, o Observer) Observer {
	t.Helper()
	text, err := o.State()
	if err != nil {
		t.Fatal(err)
	}
	fresh := open(t, o.Spec())
	if err := fresh.SetState(text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return fresh
}

func TestPiecesGolden(t *testing.T) {
	sum := tally{t: t, subject: "torch.sum and torch.linspace"}
	defer sum.done()
	for _, c := range golden[struct {
		What   string
		N      int
		Lo, Hi uint32
		Want   []uint32
	}](t, "pieces.json") {
		if c.What == "sum" {
			got := torchSum(batch{Seed: uint64(c.N), N: c.N, Shape: "normal", Scale: 0x3f800000}.values())
			sum.check(got == fromBits(c.Want[0]), "sum of %d: %g, want %g", c.N, got, fromBits(c.Want[0]))
		} else {
			sum.check(crc(linspace(fromBits(c.Lo), fromBits(c.Hi), c.N)) == c.Want[0], "linspace %d", c.N)
		}
	}
}
