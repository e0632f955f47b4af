package engine

import (
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// reduce makes one float32 of all along some axes. Operands may lie as they like; results lie
// as what is left of the operand's axes.
type reduce struct {
	axes []int // none are all
	how  reduction
	name string
}

// reduction is how numbers become one: each is added to a float64, which begins with start.
type reduction struct {
	start  float64
	line   func(sum float64, x []float32) float64 // adds numbers to one sum
	lines  func(sums []float64, x []float32)      // adds a number to each of some sums
	finish func(sum float64, n int) float32       // makes the result of the sum of n numbers
}

var reductions = map[string]reduction{
	"amax":       {math.Inf(-1), maxLine, maxLines, rounded},
	"amin":       {math.Inf(1), minLine, minLines, rounded},
	"l1_norm":    {0, absLine, absLines, rounded},
	"l2_norm":    {0, squareLine, squareLines, func(sum float64, _ int) float32 { return float32(math.Sqrt(sum)) }},
	"log_sum":    {0, sumLine, sumLines, func(sum float64, _ int) float32 { return float32(math.Log(sum)) }},
	"mean":       {0, sumLine, sumLines, func(sum float64, n int) float32 { return float32(sum) / float32(n) }},
	"prod":       {1, productLine, productLines, rounded},
	"sum":        {0, sumLine, sumLines, rounded},
	"sum_square": {0, squareLine, squareLines, rounded},
}

func rounded(sum float64, _ int) float32 { return float32(sum) }

func lowerReduce(n *graph.Node, o op.Reduce) (operation, string) {
	how, ok := reductions[o.Name]
	switch d := n.Output().Type.DType; {
	case d != tensor.Float32:
		return nil, "values of type " + d.String()
	case !ok:
		return nil, "no kernel for " + o.Name
	}
	return reduce{o.Axes, how, o.Name}, ""
}

func (o reduce) kernel() (string, string) { return "reduce_" + o.name, "go" }

func (reduce) wishes(in, _ []desc) []order { return make([]order, len(in)) }

func (o reduce) orders(in, out []desc) (need, give []order) {
	rank, gone := len(in[0].Shape), o.reduced(len(in[0].Shape))
	left := order{}
	for _, a := range in[0].order.axes(rank) {
		switch {
		case len(out[0].Shape) == rank:
			left = append(left, a)
		case !gone[a]:
			before := 0 // axes that are gone in front of this one
			for _, g := range gone[:a] {
				if g {
					before++
				}
			}
			left = append(left, a-before)
		}
	}
	return []order{in[0].order}, []order{left}
}

// reduced tells the axes that are reduced.
func (o reduce) reduced(rank int) []bool {
	gone := make([]bool, rank)
	for a := range gone {
		gone[a] = len(o.axes) == 0
	}
	for _, a := range o.axes {
		gone[axisOf(a, rank)] = true
	}
	return gone
}

func (o reduce) fix(in, _ []desc, threads int) (fixed, error) {
	x := in[0]
	f := fixedReduce{reduce: o}
	gone, strides := o.reduced(len(x.Shape)), x.order.strides(x.Shape)
	var inner walk
	for _, a := range x.order.axes(len(x.Shape)) {
		if gone[a] {
			inner.push(x.Shape[a], strides[a])
		} else {
			f.kept.push(x.Shape[a], strides[a])
		}
	}
	f.across = len(f.kept.strides) > 0 && f.kept.strides[len(f.kept.strides)-1] == 1
	if len(inner.strides) > 0 && inner.strides[len(inner.strides)-1] != 1 { // lines of one number
		inner.extents, inner.strides = append(inner.extents, 1), append(inner.strides, 1)
	}
	f.line = inner.line()
	f.starts = make([]int, inner.rows())
	for i := range f.starts {
		f.starts[i] = inner.source(i)
	}
	f.n = f.line * len(f.starts)
	f.runs = splitRuns(f.kept.rows()*f.kept.line(), divUp(shortest, max(1, f.n)), threads)
	return f, nil
}

type fixedReduce struct {
	reduce
	runs         // of results
	kept   walk  // over the axes that are left: where their elements begin
	across bool  // neighbours among the results come from neighbours in memory
	starts []int // of lines of numbers of one result
	line   int   // numbers in each
	n      int   // numbers of one result
}

func (fixedReduce) macs() int64  { return 0 }
func (fixedReduce) scratch() int { return blockOfSums }

// blockOfSums is how many neighbouring results are computed together.
const blockOfSums = 512

func (f fixedReduce) bind(in, outs []memory, scratch [][]uint64) step {
	return pieces{f.count, &taskReduce{f, in[0].reals(), outs[0].reals(), scratch}}
}

type taskReduce struct {
	fixedReduce
	in, out []float32
	scratch [][]uint64
}

func (t *taskReduce) Do(worker, i int) {
	from, to := t.bounds(i)
	if t.across {
		t.blocks(words[float64](t.scratch[worker]), from, to)
		return
	}
	for ; from < to; from++ {
		sum := t.how.start
		at := t.begin(from)
		for _, s := range t.starts {
			sum = t.how.line(sum, t.in[at+s:][:t.line])
		}
		t.out[from] = t.how.finish(sum, t.n)
	}
}

// begin is where the numbers of result i begin.
func (t *taskReduce) begin(i int) int {
	line := t.kept.line()
	at := t.kept.source(i / line)
	if n := len(t.kept.strides); n > 0 {
		at += i % line * t.kept.strides[n-1]
	}
	return at
}

// blocks computes results whose numbers lie side by side.
func (t *taskReduce) blocks(sums []float64, from, to int) {
	for from < to {
		n := min(to-from, blockOfSums, t.kept.line()-from%t.kept.line())
		at, sums := t.begin(from), sums[:n]
		for i := range sums {
			sums[i] = t.how.start
		}
		for _, s := range t.starts {
			for j := range t.line { // one number, unless a line lies within the block
				t.how.lines(sums, t.in[at+s+j:][:n])
			}
		}
		for i, sum := range sums {
			t.out[from+i] = t.how.finish(sum, t.n)
		}
		from += n
	}
}

func maxLine(sum float64, x []float32) float64 {
	if len(x) == 0 {
		return sum
	}
	return max(sum, float64(slices.Max(x)))
}

func maxLines(sums []float64, x []float32) {
	for i, v := range x {
		sums[i] = max(sums[i], float64(v))
	}
}

func minLine(sum float64, x []float32) float64 {
	if len(x) == 0 {
		return sum
	}
	return min(sum, float64(slices.Min(x)))
}

func minLines(sums []float64, x []float32) {
	for i, v := range x {
		sums[i] = min(sums[i], float64(v))
	}
}

// sumLine has four sums, so that additions do not wait for each other.
func sumLine(sum float64, x []float32) float64 {
	var a, b, c float64
	for ; len(x) >= 4; x = x[4:] {
		sum, a, b, c = sum+float64(x[0]), a+float64(x[1]), b+float64(x[2]), c+float64(x[3])
	}
	for _, v := range x {
		sum += float64(v)
	}
	return sum + a + (b + c)
}

func sumLines(sums []float64, x []float32) {
	for i, v := range x {
		sums[i] += float64(v)
	}
}

func squareLine(sum float64, x []float32) float64 {
	var a float64
	for ; len(x) >= 2; x = x[2:] {
		p, q := float64(x[0]), float64(x[1])
		sum, a = sum+float64(p*p), a+float64(q*q)
	}
	for _, v := range x {
		sum += float64(float64(v) * float64(v))
	}
	return sum + a
}

func squareLines(sums []float64, x []float32) {
	for i, v := range x {
		sums[i] += float64(float64(v) * float64(v))
	}
}

func absLine(sum float64, x []float32) float64 {
	for _, v := range x {
		sum += math.Abs(float64(v))
	}
	return sum
}

func absLines(sums []float64, x []float32) {
	for i, v := range x {
		sums[i] += math.Abs(float64(v))
	}
}

func productLine(sum float64, x []float32) float64 {
	for _, v := range x {
		sum *= float64(v)
	}
	return sum
}

func productLines(sums []float64, x []float32) {
	for i, v := range x {
		sums[i] *= float64(v)
	}
}

// imageMean is a mean over two axes: of images by the kernels of pooling, of other values, whose
// last two axes they are, by reduce.
type imageMean struct {
	reduce
	image operation
}

func (o imageMean) kernel() (string, string) { return o.image.kernel() }

func (o imageMean) wishes(in, out []desc) []order {
	if len(in[0].Shape) == 4 {
		return []order{usual(in[0].Shape)}
	}
	return o.reduce.wishes(in, out)
}

func (o imageMean) orders(in, out []desc) (need, give []order) {
	if len(in[0].Shape) == 4 {
		return []order{usual(in[0].Shape)}, []order{usual(out[0].Shape)}
	}
	return o.reduce.orders(in, out)
}

func (o imageMean) fix(in, out []desc, threads int) (fixed, error) {
	if len(in[0].Shape) == 4 {
		return o.image.fix(in, out, threads)
	}
	return o.reduce.fix(in, out, threads)
}
