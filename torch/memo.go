package torch

import "fmt"

// memo holds the values that a pickle numbers. Writers count from 0, but any
// 32-bit number is legal.
type memo struct {
	dense  []Value
	sparse map[uint32]Value
}

func (m *memo) put(i uint32, v Value) {
	switch {
	case uint64(i) < uint64(len(m.dense)):
		m.dense[i] = v
	case uint64(i) == uint64(len(m.dense)):
		m.dense = append(m.dense, v)
		delete(m.sparse, i)
	default:
		if m.sparse == nil {
			m.sparse = map[uint32]Value{}
		}
		m.sparse[i] = v
	}
}

// get returns nil for a number that was never put.
func (m *memo) get(i uint32) Value {
	if uint64(i) < uint64(len(m.dense)) {
		return m.dense[i]
	}
	return m.sparse[i]
}

// next is the number that MEMOIZE gives.
func (m *memo) next() uint32 { return uint32(len(m.dense) + len(m.sparse)) }

func (u *unpickler) put(op byte) error {
	i := uint64(u.memo.next())
	if op != opMemoize {
		var err error
		if i, err = u.in.uint(memoWidth(op)); err != nil {
			return err
		}
	}
	v, err := u.top()
	if err != nil {
		return err
	}
	u.objects++
	u.memo.put(uint32(i), v)
	if o, ok := v.(*Opaque); ok {
		o.slot = uint32(i)
	}
	return nil
}

func (u *unpickler) get(op byte) error {
	i, err := u.in.uint(memoWidth(op))
	if err != nil {
		return err
	}
	v := u.memo.get(uint32(i))
	if v == nil {
		return fmt.Errorf("memo slot %d was never set", i)
	}
	return u.push(v, nil)
}

func memoWidth(op byte) int64 {
	if op == opLongBinPut || op == opLongBinGet {
		return 4
	}
	return 1
}
