package statedict

import (
	"bytes"
	"strings"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// Slot is a place for a tensor of a state dict in a graph that came from a file.
type Slot struct {
	Key      string       // in the state dict
	DType    tensor.DType // as the file declares it; another floating-point type fits as well
	Shape    tensor.Shape // fits no other
	Tied     string       // the key of an earlier slot that is the same tensor of the model; may be empty
	Optional bool         // a state dict need not have it
}

func (s Slot) String() string { return s.DType.String() + s.Shape.String() }

// batches ends the key that evaluation does not need.
const batches = "num_batches_tracked"

// Fits counts the slots for which a state dict, which may be without its elements, has a tensor.
func Fits(sd *torch.StateDict, slots []Slot) int {
	n := 0
	for _, s := range slots {
		if t, ok := tensorAt(sd, s.Key); ok && t.Shape().Equal(s.Shape) {
			n++
		}
	}
	return n
}

func tensorAt(sd *torch.StateDict, key string) (*torch.Tensor, bool) {
	v, _ := sd.Entry(key)
	t, ok := v.(*torch.Tensor)
	return t, ok
}

// Fit returns the tensors of a state dict for all slots, by their keys. Keys and shapes must agree
// exactly, save that the num_batches_tracked of batch norms may be there or not, and that one of
// several tied tensors is enough. Floating-point parameters must be finite and variances not
// negative. The error is a *MismatchError, of a model of that name, that lists every key that does
// not fit.
func Fit(sd *torch.StateDict, model string, slots []Slot) (map[string]*tensor.Tensor, error) {
	b := &binder{sd: sd, used: map[string]bool{}, err: MismatchError{File: sd.Source, Model: model}}
	tied := map[string]string{} // the key that holds the tensor, by that of the first tied slot
	for _, s := range slots {
		if sd.Has(s.Key) {
			if _, ok := tied[s.first()]; !ok {
				tied[s.first()] = s.Key
			}
		}
	}
	found := map[string]*tensor.Tensor{}
	for _, s := range slots {
		holder, ok := tied[s.first()]
		switch {
		case ok && !sd.Has(s.Key):
			if t := b.slot(s, holder); t != nil {
				found[s.Key] = t
			}
		case ok:
			b.use(s.Key)
			t := b.slot(s, s.Key)
			if other, _ := sd.Tensor(holder); t != nil && holder != s.Key && !sameElements(t, other) {
				b.differ(s.Key, BadValue, "", "other numbers than in "+holder+", with which it is one tensor of the model")
			} else if t != nil {
				found[s.Key] = t
			}
		case !s.Optional && !strings.HasSuffix(s.Key, batches):
			b.differ(s.Key, Missing, s.String(), "")
		}
	}
	for _, key := range sd.Keys() {
		if strings.HasSuffix(key, "."+batches) || key == batches || !b.used[key] && b.copies(key, slots) {
			b.use(key)
		}
	}
	return found, b.finish()
}

// first is the key of the first of the slots that are one tensor.
func (s Slot) first() string {
	if s.Tied != "" {
		return s.Tied
	}
	return s.Key
}

// slot returns the tensor at key if it fits the slot.
func (b *binder) slot(s Slot, key string) *tensor.Tensor {
	at, ok := tensorAt(b.sd, key)
	if !ok {
		v, _ := b.sd.Entry(key)
		b.differ(key, WrongType, s.String(), torch.Describe(v))
		return nil
	}
	t := at.Data
	switch {
	case !t.Shape().Equal(s.Shape):
		b.differ(s.Key, WrongShape, s.Shape.String(), t.Shape().String())
	case t.DType() != s.DType && !(t.DType().IsFloat() && s.DType.IsFloat()):
		b.differ(s.Key, WrongType, s.String(), t.String())
	default:
		if !t.DType().IsFloat() {
			return t
		}
		f, err := t.ToFloat32()
		if err != nil {
			b.differ(s.Key, WrongType, s.String(), t.String())
			return nil
		}
		if bad := badValues(f.Float32s(), strings.HasSuffix(s.Key, ".running_var")); bad != "" {
			b.differ(s.Key, BadValue, "", bad)
			return nil
		}
		return t
	}
	return nil
}

// copies reports whether a key that no slot has is that of a tied tensor, of which the graph kept
// another name: a matrix with the same elements as one that has a slot.
func (b *binder) copies(key string, slots []Slot) bool {
	t, ok := b.sd.Tensor(key)
	if !ok || len(t.Shape()) < 2 || uniform(t) {
		return false
	}
	for _, s := range slots {
		if !s.Shape.Equal(t.Shape()) || !b.used[s.Key] {
			continue
		}
		if other, ok := b.sd.Tensor(s.Key); ok && sameElements(t, other) {
			return true
		}
	}
	return false
}

// uniform reports whether all elements are the same number: many tensors are all zeros.
func uniform(t *tensor.Tensor) bool {
	data, size := t.Bytes(), t.DType().Size()
	return len(data) <= size || bytes.Equal(data[size:], data[:len(data)-size])
}

func sameElements(a, b *tensor.Tensor) bool {
	return a != nil && b != nil && a.DType() == b.DType() && a.Shape().Equal(b.Shape()) && bytes.Equal(a.Bytes(), b.Bytes())
}
