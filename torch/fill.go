package torch

import "fmt"

// fill executes SETITEM(S), APPEND(S) and ADDITEMS.
func (u *unpickler) fill(op byte) error {
	var items []Value
	var err error
	switch op {
	case opSetItem:
		items, err = u.pop(2)
	case opAppend:
		items, err = u.pop(1)
	default:
		items, err = u.popMark()
	}
	if err != nil {
		return err
	}
	target, err := u.top()
	if err != nil {
		return err
	}
	if op == opSetItem || op == opSetItems {
		return u.setItems(target, items)
	}
	switch t := target.(type) {
	case *List:
		if op != opAddItems && t.Kind == PlainList || op == opAddItems && t.Kind == Set {
			t.Items = append(t.Items, items...)
			return nil
		}
	case *Opaque: // collections.deque and other subclasses of list and set
		t.Args = append(t.Args, items...)
		return nil
	}
	return fmt.Errorf("%s cannot be appended to", target.kind())
}

// setItems puts keys and values into a dict. An object that takes items is a
// subclass of dict, and from then on a dict.
func (u *unpickler) setItems(target Value, items []Value) error {
	if o, ok := target.(*Opaque); ok {
		target = u.becomeDict(o)
	}
	d, ok := target.(*Dict)
	if !ok {
		return fmt.Errorf("items are set in %s, expected a dict", target.kind())
	}
	if len(items)%2 != 0 {
		return fmt.Errorf("a key without a value")
	}
	for i := 0; i < len(items); i += 2 {
		if err := d.set(items[i], items[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// becomeDict replaces the object on top of the stack by a dict. Only the items themselves can
// refer to the object already: there it stays opaque, so that a child that refers to its parent
// makes no cycle.
func (u *unpickler) becomeDict(o *Opaque) *Dict {
	d := &Dict{ordered: true}
	u.objects++
	u.stack[len(u.stack)-1] = d
	if u.memo.get(o.slot) == Value(o) {
		u.memo.put(o.slot, d)
	}
	return d
}
