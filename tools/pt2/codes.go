package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/samegraph"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/pt2"
	"github.com/octet-ml/octet/tensor"
)

// rare is how many codes may differ by one from PyTorch's: one in so many.
const rare = 100_000

// sameLogits is far below what one other code makes, and above what sums in another order do.
const sameLogits = 1e-5

// codes compares the programs of quantized.py in a folder: each node that gives codes is fed those
// that PyTorch has computed in front of it.
func codes(folder string, only []string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.y.npy"))
	if err != nil {
		return err
	}
	failed := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".y.npy")
		if strings.HasSuffix(name, ".more") || len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
		if err := codesOf(folder, name); err != nil {
			failed++
			fmt.Printf("%s: %v\n", name, err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d programs are wrong", failed)
	}
	return nil
}

// codesOf prints the line of one program, and says what is wrong.
func codesOf(folder, name string) error {
	at := func(ending string) string { return filepath.Join(folder, name+ending) }
	f, err := pt2.Open(at(".pt2"))
	if err != nil {
		return err
	}
	defer f.Close()
	raw, err := f.Graph(onnx.Given{})
	if err != nil {
		return err
	}
	m, err := octet.OpenPT2(f)
	if err != nil {
		return err
	}
	of := func(kind string) func(string) (*tensor.Tensor, error) {
		return func(node string) (*tensor.Tensor, error) { return npy.ReadFile(at(kind + node + ".npy")) }
	}
	apart := apart{golden: of(".codes."), exact: of(".exact.")}
	if err := apart.cut(m.Graph(), samegraph.Holders(raw, m.Graph())); err != nil {
		return err
	}
	x, err := npy.ReadFile(at(".x.npy"))
	if err != nil {
		return err
	}
	y, err := npy.ReadFile(at(".y.npy"))
	if err != nil {
		return err
	}
	if err := apart.run(x, y); err != nil {
		return err
	}
	whole, err := wholeOf(m, at)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(quantizers(folder, name), func(q string) bool { return slices.Contains(apart.quantizers, q) })
	fmt.Printf("%s: %d of %d quantizers, %d codes: %d are one apart (%d of these in float64, too, %d PyTorch's own), %d further; the float result %.1g apart; %v\n",
		name, len(apart.nodes), len(apart.nodes)+len(left), apart.all, apart.one, apart.theirs, apart.ours, apart.further, apart.float, whole)
	for _, line := range apart.lines {
		fmt.Println("   ", line)
	}
	switch {
	case len(left) > 0:
		return fmt.Errorf("quantizers of PyTorch's that are not compared: %s", strings.Join(left, ", "))
	case apart.further > 0 || apart.one*rare > apart.all:
		return fmt.Errorf("%d of %d codes differ by one, %d by more", apart.one, apart.all, apart.further)
	case apart.float > allowed:
		return fmt.Errorf("the float result differs by %g", apart.float)
	}
	return nil
}

// quantizers are the nodes of the program that give codes.
func quantizers(folder, name string) (nodes []string) {
	files, _ := filepath.Glob(filepath.Join(folder, name+".codes.*.npy"))
	for _, file := range files {
		nodes = append(nodes, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), name+".codes."), ".npy"))
	}
	return nodes
}

// apart runs the nodes of a graph each by itself.
type apart struct {
	golden, exact func(node string) (*tensor.Tensor, error) // codes of a quantizer, of PyTorch and in float64

	graph  *graph.Graph
	inputs []*tensor.Tensor // of the graph, behind its own
	nodes  []string         // whose codes are its first outputs
	wants  []*tensor.Tensor // those of PyTorch's quantizers

	quantizers []string // by output

	all     int // codes
	one     int // codes that differ by one
	further int
	ours    int     // codes that differ, and are those of float64
	theirs  int     // those where PyTorch's are
	float   float64 // difference of a float result
	lines   []string
}

// cut makes each value whose codes PyTorch has an output, and what reads it an input with PyTorch's.
func (a *apart) cut(g *graph.Graph, held map[string][]string) error {
	g = g.Clone()
	results := g.Outputs
	g.Outputs = nil
	for _, n := range slices.Clone(g.Nodes) {
		own := n.Output()
		fed := own // what reads n's codes reads PyTorch's
		for _, node := range held[n.Name] {
			want, err := a.golden(node)
			if errors.Is(err, fs.ErrNotExist) {
				continue // that of a weight
			} else if err != nil {
				return err
			}
			if slices.Contains(results, own) {
				return fmt.Errorf("%s: its codes are a result of the program", node)
			}
			if want, err = tensor.FromBytes(own.Type.DType, own.Type.Q, want.Shape(), want.Bytes()); err != nil {
				return fmt.Errorf("%s: %w", node, err)
			}
			if fed == own {
				fed = g.AddInput("PyTorch's "+n.Name, graph.Type{DType: own.Type.DType, Q: own.Type.Q})
				g.ReplaceUses(own, fed)
				a.inputs = append(a.inputs, want)
			}
			g.Outputs = append(g.Outputs, own)
			a.nodes, a.quantizers, a.wants = append(a.nodes, n.Name), append(a.quantizers, node), append(a.wants, want)
		}
	}
	g.Outputs = append(g.Outputs, results...)
	g.Prune()
	a.graph = g
	return nil
}

// run counts the codes that differ.
func (a *apart) run(x, y *tensor.Tensor) error {
	program, err := engine.Compile(a.graph, engine.Options{})
	if err != nil {
		return err
	}
	results, err := program.NewSession().Run(context.Background(), append([]*tensor.Tensor{x}, a.inputs...)...)
	if err != nil {
		return err
	}
	for i, want := range a.wants {
		one, further, err := codesApart(want, results[i])
		if err != nil {
			return fmt.Errorf("%s: %w", a.nodes[i], err)
		}
		a.all += want.Numel()
		a.one += one
		a.further += further
		if one+further > 0 {
			if err := a.judge(a.quantizers[i], want, results[i]); err != nil {
				return fmt.Errorf("%s: %w", a.nodes[i], err)
			}
			a.lines = append(a.lines, fmt.Sprintf("%s: %d of %d one apart, %d further", a.nodes[i], one, want.Numel(), further))
		}
	}
	a.float = difference(y, results[len(a.wants)])
	return nil
}

// judge counts, of the codes that differ, those in which octet has what float64 gives, and those in which
// PyTorch has. Where both are a half from their code, neither is.
func (a *apart) judge(quantizer string, want, got *tensor.Tensor) error {
	exact, err := a.exact(quantizer)
	if err != nil {
		return err
	}
	for i, code := range got.Bytes() {
		if code == want.Bytes()[i] {
			continue
		}
		switch exact.Bytes()[i] {
		case code:
			a.ours++
		case want.Bytes()[i]:
			a.theirs++
		}
	}
	return nil
}

// codesApart counts codes that differ by one, and by more.
func codesApart(want, got *tensor.Tensor) (one, further int, err error) {
	if !want.Shape().Equal(got.Shape()) || want.DType() != got.DType() {
		return 0, 0, fmt.Errorf("%v; expected %v", got, want)
	}
	signed := want.DType() == tensor.QInt8
	a, b := want.Bytes(), got.Bytes()
	for i := range a {
		d := int(a[i]) - int(b[i])
		if signed {
			d = int(int8(a[i])) - int(int8(b[i]))
		}
		switch d {
		case 0:
		case 1, -1:
			one++
		default:
			further++
		}
	}
	return one, further, nil
}

// whole is how a run of the whole program compares. One code that differs changes what follows, so that
// this is told and not judged.
type whole struct {
	inputs, equal, same, classes int     // with PyTorch's logits, with its top-1 class, and how many classes those are
	margin                       float64 // the largest one of an input with another class, as a share of the largest logit
}

func (w whole) String() string {
	other := ""
	if w.same < w.inputs {
		other = fmt.Sprintf(" (the others' margins are at most %.2g of the largest logit)", w.margin)
	}
	return fmt.Sprintf("of %d inputs %d have PyTorch's logits, and %d its top-1 class%s, of %d", w.inputs, w.equal, w.same, other, w.classes)
}

func wholeOf(m *octet.Model, at func(string) string) (w whole, err error) {
	session, err := m.Compile()
	if err != nil {
		return w, err
	}
	found := map[int]bool{}
	for _, part := range []string{"", ".more"} {
		x, err := npy.ReadFile(at(part + ".x.npy"))
		if errors.Is(err, fs.ErrNotExist) && part != "" {
			continue
		} else if err != nil {
			return w, err
		}
		want, err := npy.ReadFile(at(part + ".y.npy"))
		if err != nil {
			return w, err
		}
		got, err := session.Run(context.Background(), x)
		if err != nil {
			return w, err
		}
		largest := 0.0
		for _, v := range want.Float32s() {
			largest = max(largest, math.Abs(float64(v)))
		}
		for i := range want.Dim(0) {
			w.inputs++
			a, b := want.Rows(i, i+1), got.Rows(i, i+1)
			class := top(a)
			found[class] = true
			if difference(a, b) < sameLogits {
				w.equal++
			}
			if class == top(b) {
				w.same++
			} else {
				logits := slices.Sorted(slices.Values(a.Float32s()))
				w.margin = max(w.margin, float64(logits[len(logits)-1]-logits[len(logits)-2])/largest)
			}
		}
	}
	w.classes = len(found)
	return w, nil
}

// top is the place of the largest number.
func top(t *tensor.Tensor) int {
	best := 0
	for i, v := range t.Float32s() {
		if v > t.Float32s()[best] {
			best = i
		}
	}
	return best
}
