package observe

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// searched is an observer of least squared error that has seen n normal values, and these.
func searched(t *testing.T, n int) (Searched, []float32) {
	t.Helper()
	r := testseed.Rand(t)
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(4 * r.NormFloat64())
	}
	o := open(t, quant.ObserverSpec{Kind: quant.MSE, DType: tensor.QUInt8})
	observe(t, o, x)
	return o.(Searched), x
}

// lossBehind is the squared error of f behind the codes of q.
func lossBehind(f func(float32) float32, x []float32, q *tensor.QParams) float64 {
	codes, back := quant.NewQuantizer(q, tensor.QUInt8), quant.NewDequantizer(q)
	var sum float64
	for _, v := range x {
		d := float64(f(v)) - float64(f(back.Real(codes.Code(v))))
		sum += d * d
	}
	return sum
}

// Values of which a function makes a constant take no codes from the others.
func TestThroughServesTheFunction(t *testing.T) {
	o, x := searched(t, 20000)
	plain, err := o.QParams()
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(float32) float32{"hardswish": quant.Hardswish, "silu": quant.SiLU, "relu": quant.ReLU.Float} {
		q, err := o.Through(f)
		if err != nil {
			t.Fatal(err)
		}
		if of, than := lossBehind(f, x, q), lossBehind(f, x, plain); of > 0.7*than {
			t.Errorf("%s: loss %g with scale %g, and %g with scale %g for the values themselves", name, of, q.Scale(), than, plain.Scale())
		}
	}
	same, err := o.Through(func(v float32) float32 { return v })
	if err != nil {
		t.Fatal(err)
	}
	if ratio := same.Scale() / plain.Scale(); math.Abs(ratio-1) > 0.1 {
		t.Errorf("scale %g for what changes nothing, %g without", same.Scale(), plain.Scale())
	}
}

// A function that is constant everywhere leaves a scale all the same.
func TestThroughAConstant(t *testing.T) {
	o, _ := searched(t, 100)
	q, err := o.Through(func(float32) float32 { return 1 })
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Validate(tensor.QUInt8, nil); err != nil {
		t.Error(err)
	}
}

// oneBin is how far the search for a range may miss one by the width of a histogram's bin.
const oneBin = 0.02

func TestWidenedHoldsMoreThanWasSeen(t *testing.T) {
	o, _ := searched(t, 1000)
	lo, hi, _ := o.Range()
	q, err := o.Widened(0.5)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := q.Scale()*255, 1.5*float64(hi-lo); math.Abs(got/want-1) > oneBin {
		t.Errorf("codes cover %g; 1.5 times %g was wanted", got, hi-lo)
	}
}

func TestSearchedOfNothing(t *testing.T) {
	o := open(t, quant.ObserverSpec{Kind: quant.MSE, DType: tensor.QUInt8}).(Searched)
	for name, f := range map[string]func() (*tensor.QParams, error){
		"through": func() (*tensor.QParams, error) { return o.Through(quant.SiLU) },
		"widened": func() (*tensor.QParams, error) { return o.Widened(1) },
	} {
		if q, err := f(); err != nil || q.Scale() != 1 || q.ZeroPoint() != 0 {
			t.Errorf("%s: %v, %v", name, q, err)
		}
	}
}
