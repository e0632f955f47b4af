package torch

import (
	"fmt"
	"io"

	"github.com/octet-ml/octet/tensor"
)

// Storage is the block of memory that one or more tensors of a file are views
// of. Tensors share memory in PyTorch exactly when they have the same Storage.
type Storage struct {
	Key   string // name within the file
	Bytes int64  // size of the payload

	class string // "torch.FloatStorage"
	numel int64  // elements of class
	open  func() (io.ReadCloser, error)
}

// storageRef is a persistent id: a storage, or in very old files a part of one.
type storageRef struct {
	*Storage
	first, count int64 // the part, in elements of the class
}

func (storageRef) kind() string { return "a bare storage" }

// storages collects the storages that a pickle refers to, by key.
type storages struct {
	byKey map[string]*Storage
	order []*Storage // in the order of first use

	modules []Global // classes of modules that persistent ids name
}

// persistentID resolves ('storage', class, key, location, numel[, view]).
func (s *storages) persistentID(id Value) (Value, error) {
	t, ok := id.(*List)
	if !ok || t.Kind != Tuple || len(t.Items) == 0 {
		return nil, fmt.Errorf("the persistent id is %s, expected a tuple", id.kind())
	}
	switch what, _ := t.Items[0].(String); what {
	case "storage":
	case "module": // ('module', class, source file, source): how the legacy stream names the class of a module
		if class, ok := t.Items[min(1, len(t.Items)-1)].(Global); ok && roleOf(class) == roleInert {
			s.modules = append(s.modules, class)
			return class, nil
		}
		fallthrough
	default:
		return nil, fmt.Errorf("persistent id of kind %q, expected \"storage\"", what)
	}
	if len(t.Items) != 5 && len(t.Items) != 6 {
		return nil, fmt.Errorf("persistent id with %d parts, expected 5 or 6", len(t.Items))
	}
	class, ok1 := t.Items[1].(Global)
	key, ok2 := t.Items[2].(String)
	_, ok3 := t.Items[3].(String)
	numel, ok4 := t.Items[4].(Int)
	if !ok1 || !ok2 || !ok3 || !ok4 || roleOf(class) != roleStorage {
		return nil, fmt.Errorf("persistent id is not ('storage', class, key, location, numel)")
	}
	st, err := s.add(string(key), class.String(), int64(numel))
	if err != nil {
		return nil, err
	}
	ref := storageRef{st, 0, st.numel}
	if len(t.Items) == 6 {
		return ref.part(t.Items[5])
	}
	return ref, nil
}

// part applies the view_metadata of very old files: None or (key, offset, numel).
func (r storageRef) part(meta Value) (Value, error) {
	if _, ok := meta.(None); ok {
		return r, nil
	}
	t, ok := meta.(*List)
	if ok && len(t.Items) == 3 {
		off, ok1 := t.Items[1].(Int)
		n, ok2 := t.Items[2].(Int)
		if ok1 && ok2 && r.holds(int64(off), int64(n)) {
			r.first, r.count = int64(off), int64(n)
			return r, nil
		}
	}
	return nil, fmt.Errorf("storage %s: a view outside its %d elements", r.Key, r.numel)
}

// holds reports whether n elements from off on lie within the storage.
func (r storageRef) holds(off, n int64) bool {
	return off >= 0 && n >= 0 && off <= r.numel && n <= r.numel-off
}

// add notes a storage, or checks that it is the one noted before.
func (s *storages) add(key, class string, numel int64) (*Storage, error) {
	if st, ok := s.byKey[key]; ok {
		if st.class != class || st.numel != numel {
			return nil, fmt.Errorf("storage %s is used as %d elements of %s and as %d of %s", key, st.numel, st.class, numel, class)
		}
		return st, nil
	}
	size := storageClasses[class].size
	if numel < 0 || numel > 1<<62/max(size, 1) {
		return nil, fmt.Errorf("storage %s has %d elements", key, numel)
	}
	st := &Storage{Key: key, Bytes: numel * size, class: class, numel: numel}
	if s.byKey == nil {
		s.byKey = map[string]*Storage{}
	}
	s.byKey[key] = st
	s.order = append(s.order, st)
	return st, nil
}

// readInto fills b, which has the size of the storage, and verifies that the
// payload ends there and that its checksum is right.
func (s *Storage) readInto(b []byte) error {
	if s.open == nil {
		return fmt.Errorf("storage %s has no payload", s.Key)
	}
	r, err := s.open()
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := io.ReadFull(r, b); err != nil {
		return fmt.Errorf("%w (the payload should be %d bytes)", err, s.Bytes)
	}
	// The checksum of a zip record is verified at its end.
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		if err == nil {
			err = fmt.Errorf("more than the expected %d bytes", s.Bytes)
		}
		return err
	}
	return nil
}

// swapUnit is the width of the numbers whose bytes have an order.
func swapUnit(d tensor.DType) int {
	if d == tensor.Complex64 || d == tensor.Complex128 {
		return d.Size() / 2
	}
	return d.Size()
}
