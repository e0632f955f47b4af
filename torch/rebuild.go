package torch

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
)

// rebuildOf returns what a function of torch._utils makes from its arguments,
// nil for all others.
func rebuildOf(name string) func([]Value) (Value, error) {
	switch name {
	case "torch._utils._rebuild_tensor":
		return func(a []Value) (Value, error) { return rebuildTensor(a, 4, 4) }
	case "torch._utils._rebuild_tensor_v2":
		return func(a []Value) (Value, error) { return rebuildTensor(a, 6, 7) }
	case "torch._utils._rebuild_tensor_v3":
		return rebuildUntyped
	case "torch._utils._rebuild_qtensor":
		return rebuildQuantized
	case "torch._utils._rebuild_parameter":
		return func(a []Value) (Value, error) { return rebuildParameter(a, 3) }
	case "torch._utils._rebuild_parameter_with_state":
		return func(a []Value) (Value, error) { return rebuildParameter(a, 4) }
	case "torch._tensor._rebuild_from_type_v2":
		return rebuildFromType
	}
	return nil
}

// rebuildTensor takes (storage, offset, size, stride[, requires_grad, hooks[, metadata]]).
func rebuildTensor(a []Value, least, most int) (Value, error) {
	if len(a) < least || len(a) > most {
		return nil, fmt.Errorf("%d arguments, expected %d to %d", len(a), least, most)
	}
	ref, ok := a[0].(storageRef)
	if !ok {
		return nil, fmt.Errorf("%s where a storage belongs", a[0].kind())
	}
	dtype := storageClasses[ref.class].dtype
	if dtype == tensor.Invalid || dtype.IsQuantized() {
		return nil, fmt.Errorf("a plain tensor over %s", ref.class)
	}
	t, err := viewOf(ref, dtype, a[1], a[2], a[3])
	if err != nil || least == 4 {
		return t, err
	}
	if t.RequiresGrad, err = flags(a[4], a[5]); err != nil {
		return nil, err
	}
	return plainBits(t, a[6:]), nil
}

// rebuildUntyped takes (storage, offset, size, stride, requires_grad, hooks, dtype[, metadata]);
// it writes the types that have no storage class of their own.
func rebuildUntyped(a []Value) (Value, error) {
	if len(a) != 7 && len(a) != 8 {
		return nil, fmt.Errorf("%d arguments, expected 7 or 8", len(a))
	}
	ref, ok1 := a[0].(storageRef)
	dtype, ok2 := a[6].(DType)
	if !ok1 || !ok2 || ref.class != "torch.storage.UntypedStorage" || tensor.DType(dtype).IsQuantized() {
		return nil, fmt.Errorf("expected an untyped storage and a plain element type octet knows")
	}
	t, err := viewOf(ref, tensor.DType(dtype), a[1], a[2], a[3])
	if err != nil {
		return nil, err
	}
	if t.RequiresGrad, err = flags(a[4], a[5]); err != nil {
		return nil, err
	}
	return plainBits(t, a[7:]), nil
}

// rebuildQuantized takes (storage, offset, size, stride, params, requires_grad, hooks).
func rebuildQuantized(a []Value) (Value, error) {
	if len(a) != 7 {
		return nil, fmt.Errorf("%d arguments, expected 7", len(a))
	}
	ref, ok := a[0].(storageRef)
	if !ok {
		return nil, fmt.Errorf("%s where a storage belongs", a[0].kind())
	}
	class := storageClasses[ref.class]
	if class.size == 0 { // quint4x2, quint2x4: embedding tables packed below a byte
		return &Opaque{Global: Global{"torch", ref.class[len("torch."):]}, Args: a[1:4]}, nil
	}
	if !class.dtype.IsQuantized() {
		return nil, fmt.Errorf("a quantized tensor over %s", ref.class)
	}
	t, err := viewOf(ref, class.dtype, a[1], a[2], a[3])
	if err != nil {
		return nil, err
	}
	if t.RequiresGrad, err = flags(a[5], a[6]); err != nil {
		return nil, err
	}
	t.view.params, err = parseQuantParams(a[4], t.view.dtype, t.view.shape)
	return t, err
}

// rebuildParameter takes (tensor, requires_grad, hooks[, state]); the state is dropped.
func rebuildParameter(a []Value, n int) (Value, error) {
	if len(a) != n {
		return nil, fmt.Errorf("%d arguments, expected %d", len(a), n)
	}
	src, ok := a[0].(*Tensor)
	if !ok {
		return nil, fmt.Errorf("%s where a tensor belongs", a[0].kind())
	}
	t := *src
	t.Parameter = true
	var err error
	t.RequiresGrad, err = flags(a[1], a[2])
	return &t, err
}

// rebuildFromType takes (function, type, args, state): a tensor with Python
// attributes, or of a subclass. Its elements are what the function makes.
func rebuildFromType(a []Value) (Value, error) {
	if len(a) != 4 {
		return nil, fmt.Errorf("%d arguments, expected 4", len(a))
	}
	fn, ok1 := a[0].(Global)
	cls, ok2 := a[1].(Global)
	args, ok3 := a[2].(*List)
	if !ok1 || !ok2 || !ok3 {
		return nil, fmt.Errorf("expected a function, a class and a tuple")
	}
	call := callOf(fn)
	if rebuildOf(fn.String()) == nil || call == nil || roleOf(cls) != roleInert || fn.String() == "torch._tensor._rebuild_from_type_v2" {
		return &Opaque{Global: cls, Args: a}, nil
	}
	v, err := call(args.Items)
	if t, ok := v.(*Tensor); ok && err == nil && cls.String() == "torch.nn.parameter.Parameter" {
		t.Parameter = true
	}
	return v, err
}

// viewOf makes the tensor of a view, after checking that it stays in its storage.
func viewOf(ref storageRef, dtype tensor.DType, offset, size, stride Value) (*Tensor, error) {
	off, ok := offset.(Int)
	if !ok {
		return nil, fmt.Errorf("%s as the storage offset", offset.kind())
	}
	shape, err := extents(size)
	if err != nil {
		return nil, fmt.Errorf("size: %w", err)
	}
	steps, err := extents(stride)
	if err != nil {
		return nil, fmt.Errorf("stride: %w", err)
	}
	v, err := newView(ref, dtype, int64(off), shape, steps)
	if err != nil {
		return nil, err
	}
	return &Tensor{Strides: steps, Storage: ref.Storage, view: v}, nil
}

// maxRank bounds a tensor's axes before Limits.Rank is applied to the tree.
const maxRank = 4096

// extents reads a tuple of non-negative integers.
func extents(v Value) ([]int, error) {
	t, ok := v.(*List)
	if !ok || t.Kind == Set {
		return nil, fmt.Errorf("%s where a tuple belongs", v.kind())
	}
	if len(t.Items) > maxRank {
		return nil, fmt.Errorf("%w: a tensor of %d axes", ErrLimit, len(t.Items))
	}
	out := make([]int, len(t.Items))
	for i, item := range t.Items {
		n, ok := item.(Int)
		if !ok || n < 0 || Int(int(n)) != n {
			return nil, fmt.Errorf("element %d is %s (%v), expected a non-negative integer", i, item.kind(), item)
		}
		out[i] = int(n)
	}
	return out, nil
}

// flags checks requires_grad and the hooks, which are empty or never called.
func flags(requiresGrad, hooks Value) (bool, error) {
	rg, ok := requiresGrad.(Bool)
	if !ok {
		return false, fmt.Errorf("requires_grad is %s", requiresGrad.kind())
	}
	switch hooks.(type) {
	case None, *Dict:
		return bool(rg), nil
	}
	return false, fmt.Errorf("backward hooks are %s, expected a dict", hooks.kind())
}

// plainBits makes a tensor opaque whose conjugation or negation is still pending:
// its elements are not what the storage holds.
func plainBits(t *Tensor, metadata []Value) Value {
	if len(metadata) == 0 {
		return t
	}
	d, ok := metadata[0].(*Dict)
	if !ok {
		return t
	}
	for _, bit := range []string{"conj", "neg"} {
		if v, ok := d.Get(bit); ok && v == Value(Bool(true)) {
			why := withRemedy(fmt.Errorf("a tensor with a pending %s", bit), "save tensor.resolve_"+bit+"() instead")
			return &Opaque{Global: Global{"torch", "Tensor"}, why: why}
		}
	}
	return t
}
