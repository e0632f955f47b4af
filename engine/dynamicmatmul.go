package engine

import (
	"github.com/octet-ml/octet/internal/kernel/gemm8"
	"github.com/octet-ml/octet/internal/kernel/requant8"
	"github.com/octet-ml/octet/internal/parallel"
)

// dynamicMatMul is a product of matrices of codes whose parameters are computed, to numbers.
// It is a matmul8 whose parameters are set at the start of each run.
type dynamicMatMul struct{ matmul8 }

func newDynamicMatMul(t target) operation {
	o := matmul8{k: gemm8.SelectComputed(gemm8.Table, t.cpu)}
	o.finish = finish{k: requant8.Select(requant8.Table, true, t.cpu), lo: -inf, hi: inf}
	return dynamicMatMul{o}
}

// wishes and orders are those of the matrices; the parameters have no axes.
func (o dynamicMatMul) wishes(in, _ []desc) []order { return make([]order, len(in)) }

func (o dynamicMatMul) orders(in, out []desc) (need, give []order) {
	matrices, give := o.matmul8.orders(matricesOf(in), out)
	return []order{matrices[0], nil, nil, matrices[1], nil, nil}, give
}

// matricesOf leaves out the parameters of the operands.
func matricesOf[T any](in []T) []T { return []T{in[0], in[3]} }

func (o dynamicMatMul) fix(in, outs []desc, threads int) (fixed, error) {
	o.weightZero = 1 // so that there are sums of rows
	f, err := o.matmul8.fix(matricesOf(in), outs, threads)
	if err != nil {
		return nil, err
	}
	return fixedDynamicMatMul{f.(fixedMatMul8)}, nil
}

type fixedDynamicMatMul struct{ fixedMatMul8 }

func (f fixedDynamicMatMul) bind(in, outs []memory, scratch [][]uint64) step {
	f.finish.zeros, f.finish.scale, f.finish.bias = make([]int32, f.width), make([]float32, f.width), make([]float32, f.width)
	f.ones = f.ones.Own()
	product := f.fixedMatMul8.bind(matricesOf(in), outs, scratch).(pieces)
	return several{&startMatMul{product.task.(*taskMatMul8), in}, product}
}

// startMatMul sets what depends on the parameters of both operands.
type startMatMul struct {
	t  *taskMatMul8
	in []memory
}

func (s *startMatMul) exec(*parallel.Pool) error {
	t := s.t
	t.zero = s.in[2][0]
	scale, zero := s.in[1].reals()[0]*s.in[4].reals()[0], int32(s.in[5][0])-128
	for i := range t.finish.zeros {
		t.finish.zeros[i], t.finish.scale[i] = zero, scale
	}
	t.ones.Init[0] = -int32(t.zero) * int32(t.depth)
	return nil
}
