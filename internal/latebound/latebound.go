package latebound

import "github.com/octet-ml/octet/tensor"

// levels is how many attempts there are; each binds more than the one before: whole numbers,
// which shapes and axes are; the sizes of all other inputs; a few numbers with a fraction,
// which factors of a Resize are.
const levels = 3

// Limits of elements up to which an input may be made a constant: shapes and axes are few
// whole numbers, and factors fewer numbers.
const (
	maxWhole  = 1 << 12
	maxFactor = 1 << 4
)

// Inputs are those of a model.
type Inputs struct {
	Data    map[string]*tensor.Tensor // what a run takes, or every run that there will be
	Varying map[string]tensor.Shape   // the sizes of inputs whose data differ from run to run
}

// Binding is what is bound of a model's inputs. Its zero value is nothing.
type Binding struct {
	Constants map[string]*tensor.Tensor // the inputs that are constants; nil for none
	Shapes    map[string]tensor.Shape   // the sizes of the others; nil where they are free
	Level     int                       // of attempts, from 0
}

// At returns what an attempt binds of inputs.
func At(level int, in Inputs) Binding {
	b := Binding{Level: level}
	for name, t := range in.Data {
		float := t.DType().IsFloat()
		few := float && level >= 3 && len(t.Shape()) < 2 && t.Numel() <= maxFactor
		switch {
		case few, !float && level >= 1 && t.Numel() <= maxWhole:
			if b.Constants == nil {
				b.Constants = map[string]*tensor.Tensor{}
			}
			b.Constants[name] = t
		case level >= 2:
			b.fix(name, t.Shape())
		}
	}
	if level >= 2 {
		for name, shape := range in.Varying {
			b.fix(name, shape)
		}
	}
	return b
}

func (b *Binding) fix(name string, shape tensor.Shape) {
	if b.Shapes == nil {
		b.Shapes = map[string]tensor.Shape{}
	}
	b.Shapes[name] = shape
}

// More binds more of inputs, and reports whether there was more to bind.
func (b *Binding) More(in Inputs) bool {
	for b.Level < levels {
		next := At(b.Level+1, in)
		more := len(next.Constants) > len(b.Constants) || len(next.Shapes) > len(b.Shapes)
		if *b = next; more {
			return true
		}
	}
	return false
}
