package torch

import (
	"fmt"
	"strings"
)

// callOf returns what a REDUCE of the function makes, nil for all others.
func callOf(g Global) func([]Value) (Value, error) {
	if strings.Contains(g.Name, ".") {
		return nil
	}
	switch g.String() {
	case "collections.OrderedDict":
		return func(a []Value) (Value, error) { return makeDict(a, true) }
	case "collections.Counter":
		return func(a []Value) (Value, error) { return makeDict(a, false) }
	case "collections.defaultdict":
		return func(a []Value) (Value, error) { // the factory is a token or None and is dropped
			return makeDict(a[min(len(a), 1):], false)
		}
	case "builtins.set":
		return func(a []Value) (Value, error) { return makeSet(a, Set) }
	case "builtins.frozenset":
		return func(a []Value) (Value, error) { return makeSet(a, FrozenSet) }
	case "builtins.complex":
		return makeComplex
	case "builtins.bytes", "builtins.bytearray":
		return makeBytes
	case "_codecs.encode":
		return encode
	case "torch.Size":
		return makeSize
	}
	return rebuildOf(g.String())
}

// makeDict is dict() or dict(other): an OrderedDict of old writers holds pairs.
func makeDict(a []Value, ordered bool) (Value, error) {
	d := &Dict{ordered: ordered}
	if len(a) == 0 {
		return d, nil
	}
	if len(a) > 1 {
		return nil, fmt.Errorf("%d arguments, expected at most one", len(a))
	}
	switch src := a[0].(type) {
	case *Dict:
		d.keys = append(d.keys, src.keys...)
		d.vals = append(d.vals, src.vals...)
		return d, nil
	case *Opaque: // a subclass of dict that is empty
		return d, nil
	case *List:
		for _, item := range src.Items {
			pair, ok := item.(*List)
			if !ok || len(pair.Items) != 2 {
				return nil, fmt.Errorf("%s in a list of pairs", item.kind())
			}
			if err := d.set(pair.Items[0], pair.Items[1]); err != nil {
				return nil, err
			}
		}
		return d, nil
	}
	return nil, fmt.Errorf("%s, expected a dict or pairs", a[0].kind())
}

func makeSet(a []Value, kind ListKind) (Value, error) {
	s := &List{Kind: kind}
	if len(a) == 1 {
		if src, ok := a[0].(*List); ok {
			s.Items = append(s.Items, src.Items...)
			return s, nil
		}
	}
	if len(a) != 0 {
		return nil, fmt.Errorf("expected one list")
	}
	return s, nil
}

func makeComplex(a []Value) (Value, error) {
	if len(a) == 2 {
		re, ok1 := a[0].(Float)
		im, ok2 := a[1].(Float)
		if ok1 && ok2 {
			return Complex(complex(re, im)), nil
		}
	}
	return nil, fmt.Errorf("expected two floats")
}

// makeBytes is bytes(), bytes(b) or bytearray(text, "latin-1").
func makeBytes(a []Value) (Value, error) {
	if len(a) == 0 {
		return Bytes{}, nil
	}
	if b, ok := a[0].(Bytes); ok && len(a) == 1 {
		return b, nil
	}
	return encode(a)
}

// encode is _codecs.encode(text, "latin1"), the way protocol 2 writes bytes.
func encode(a []Value) (Value, error) {
	if len(a) == 2 {
		text, ok1 := a[0].(String)
		codec, ok2 := a[1].(String)
		if ok1 && ok2 && (codec == "latin1" || codec == "latin-1") {
			out := make(Bytes, 0, len(text))
			for _, r := range string(text) {
				if r > 0xff {
					return nil, fmt.Errorf("%q is not latin-1", r)
				}
				out = append(out, byte(r))
			}
			return out, nil
		}
	}
	return nil, fmt.Errorf("expected a text and the codec latin1")
}

func makeSize(a []Value) (Value, error) {
	if len(a) == 1 {
		if src, ok := a[0].(*List); ok {
			return &List{Kind: Size, Items: src.Items}, nil
		}
	}
	return nil, fmt.Errorf("expected one tuple")
}
