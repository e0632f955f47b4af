package op

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Einsum is torch.einsum: sums of products over the indices that the result does not have.
// Equation names the axes of each operand by letters, and behind "->" those of the result;
// without it these are the letters that occur once, in alphabetical order. "..." stands for
// leading axes, which broadcast.
//
// Inputs: one or more. Result: the extents of its letters.
type Einsum struct {
	Equation string `json:"equation"`
}

// Kind is "einsum".
func (Einsum) Kind() string { return "einsum" }

// Signatures: float.
func (Einsum) Signatures() []graph.Signature {
	sigs := each(1, f32)
	sigs[0].Variadic = true
	return sigs
}

// contraction is an equation with the extents of its operands: each has a stride for every
// index, 0 for indices that it lacks. The first indices are those of the result.
type contraction struct {
	extents tensor.Shape
	result  int
	strides [][]int
}

// Infer returns the shape of the result.
func (e Einsum) Infer(in []graph.Fact) ([]graph.Type, error) {
	if len(in) == 0 {
		return nil, fmt.Errorf("takes at least one input")
	}
	if err := checkInputs(in); err != nil {
		return nil, err
	}
	shapes := make([]tensor.Shape, len(in))
	for i, f := range in {
		shapes[i] = f.Shape
	}
	c, err := e.contraction(shapes)
	if err != nil {
		return nil, err
	}
	return float(c.extents[:c.result].Clone())
}

// contraction reads the equation. Leading axes get the letters '0', '1', ...
func (e Einsum) contraction(shapes []tensor.Shape) (contraction, error) {
	left, right, explicit := strings.Cut(strings.ReplaceAll(e.Equation, " ", ""), "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(shapes) {
		return contraction{}, fmt.Errorf("equation %q has %d operands; there are %d", e.Equation, len(terms), len(shapes))
	}
	const digits = "0123456789"
	leading := 0
	for i, t := range terms {
		named := strings.Replace(t, "...", "", 1)
		if strings.ContainsFunc(named, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }) {
			return contraction{}, fmt.Errorf("equation %q: axes are named by letters", e.Equation)
		}
		more := len(shapes[i]) - len(named)
		if more < 0 || more > len(digits) || more > 0 && named == t {
			return contraction{}, fmt.Errorf("equation %q: %q does not name the axes of %v", e.Equation, t, shapes[i])
		}
		terms[i] = strings.Replace(t, "...", digits[len(digits)-more:], 1)
		leading = max(leading, more)
	}
	right = strings.Replace(right, "...", digits[len(digits)-leading:], 1)
	if !explicit {
		right = digits[len(digits)-leading:] + once(left)
	}
	return contract(e.Equation, terms, right, shapes)
}

// once lists the letters that occur once, in alphabetical order.
func once(s string) string {
	var letters []byte
	for c := byte('A'); c <= 'z'; c++ {
		if strings.Count(s, string(rune(c))) == 1 {
			letters = append(letters, c)
		}
	}
	return string(letters)
}

// contract finds the extents and strides of all indices.
func contract(equation string, terms []string, right string, shapes []tensor.Shape) (contraction, error) {
	names := []byte(right)
	for _, t := range terms {
		for _, c := range []byte(t) {
			if !slices.Contains(names, c) {
				names = append(names, c)
			}
		}
	}
	c := contraction{extents: make(tensor.Shape, len(names)), result: len(right)}
	for i := range c.extents {
		c.extents[i] = -1
		if slices.Index(names, names[i]) != i {
			return c, fmt.Errorf("equation %q: an axis of the result is named twice", equation)
		}
	}
	for i, t := range terms {
		own, strides := ownStrides(shapes[i]), make([]int, len(names))
		for axis, letter := range []byte(t) {
			at, n := slices.Index(names, letter), shapes[i][axis]
			switch {
			case c.extents[at] == -1 || c.extents[at] == 1 && n != 1:
				c.extents[at] = n
			case n != c.extents[at] && n != 1:
				return c, fmt.Errorf("equation %q: axis %q has %d and %d elements", equation, letter, c.extents[at], n)
			}
			if n != 1 {
				strides[at] += own[axis] // an index that occurs twice is a diagonal
			}
		}
		c.strides = append(c.strides, strides)
	}
	if i := slices.Index(c.extents, -1); i >= 0 {
		return c, fmt.Errorf("equation %q: no operand has axis %q of the result", equation, names[i])
	}
	return c, nil
}

// Eval sums in float64 and rounds once.
func (e Einsum) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	shapes := make([]tensor.Shape, len(in))
	for i, x := range in {
		shapes[i] = x.Shape()
	}
	c, err := e.contraction(shapes)
	if err != nil {
		return nil, err
	}
	y := tensor.New(f32, out[0].Shape...)
	if _, err := c.extents.CheckedNumel(); err != nil {
		return nil, err
	}
	inner := c.extents[c.result:].Numel()
	at := make([]int, len(in))
	for i := range y.Float32s() {
		sum := 0.0
		for j := range inner {
			c.locate(i*inner+j, at)
			product := 1.0
			for k, x := range in {
				product *= float64(x.Float32s()[at[k]])
			}
			sum += product
		}
		y.Float32s()[i] = float32(sum)
	}
	return []*tensor.Tensor{y}, nil
}

// locate finds the elements that are multiplied for combination i of all indices.
func (c *contraction) locate(i int, at []int) {
	clear(at)
	for a := len(c.extents) - 1; a >= 0; a-- {
		place := i % c.extents[a]
		i /= c.extents[a]
		for k, s := range c.strides {
			at[k] += place * s[a]
		}
	}
}
