package torch

import (
	"archive/tar"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/octet-ml/octet/tensor"
)

// readTar reads a tar of torch < 0.1.10, or the one checkpoint in another.
func (c *Checkpoint) readTar(r io.ReaderAt, size int64, depth int) error {
	members, err := tarMembers(r, size, c.lim)
	if err != nil {
		return err
	}
	if members["pickle"] != nil || members["storages"] != nil || members["tensors"] != nil {
		return c.readOldTar(members)
	}
	var all []member
	for name, m := range members {
		all = append(all, member{name,
			func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(m, 0, m.Size())), nil },
			func() (io.ReaderAt, int64, error) { return m, m.Size(), nil }})
	}
	slices.SortFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return c.readMember(all, "tar -xf", depth)
}

// readOldTar reads the tars of torch < 0.1.10: the members storages (count, then
// per storage a pickle, an element count and the elements), tensors (count, then
// per tensor a pickle and its geometry) and pickle, whose persistent ids are the
// keys of the tensors.
func (c *Checkpoint) readOldTar(members map[string]*io.SectionReader) error {
	c.format = "tar"
	for _, name := range []string{"storages", "tensors", "pickle"} {
		if members[name] == nil {
			return &Error{Record: name, Err: errMissing}
		}
	}
	if err := c.tarStorages(members["storages"]); err != nil {
		return located(err, "", "storages")
	}
	tensors, err := c.tarTensors(members["tensors"])
	if err != nil {
		return located(err, "", "tensors")
	}
	m := members["pickle"]
	c.root, err = unpickle(newCursor(m, min(m.Size(), c.lim.PickleBytes)), c.lim, func(id Value) (Value, error) {
		key, ok := id.(Int)
		t := tensors[key]
		if !ok || t == nil {
			return nil, fmt.Errorf("tensor %v is not among the %d tensors", id, len(tensors))
		}
		return t, nil
	})
	return located(err, "", "pickle")
}

// tarMembers returns the regular members as sections of the file.
func tarMembers(r io.ReaderAt, size int64, lim Limits) (map[string]*io.SectionReader, error) {
	file := io.NewSectionReader(r, 0, size)
	t := tar.NewReader(file)
	out := map[string]*io.SectionReader{}
	for {
		h, err := t.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("damaged tar: %w", err)
		}
		name := strings.TrimPrefix(h.Name, "./")
		at, err := file.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		switch {
		case h.Typeflag != tar.TypeReg: // folders and links
			continue
		case h.Size > size-at:
			return nil, &Error{Record: h.Name, Err: errors.New("it is longer than the file")}
		case out[name] != nil:
			return nil, &Error{Record: h.Name, Err: errors.New("the name occurs twice")}
		case len(out) >= lim.Records:
			return nil, limitf("more than %d members in the tar", lim.Records)
		}
		out[name] = io.NewSectionReader(r, at, h.Size)
	}
}

// section reads pickles and numbers one after the other.
type section struct {
	r   *io.SectionReader
	at  int64
	lim Limits
}

func (s *section) pickle() (Value, error) {
	rest := io.NewSectionReader(s.r, s.at, s.r.Size()-s.at)
	in := newCursor(rest, min(rest.Size(), s.lim.PickleBytes))
	v, err := unpickle(in, s.lim, nil)
	s.at += in.pos
	return v, err
}

// count reads the pickle of an integer, at most what n bytes each leave room for.
func (s *section) count(n int64) (int, error) {
	v, err := s.pickle()
	if err != nil {
		return 0, err
	}
	k, ok := v.(Int)
	if !ok || k < 0 || int64(k) > (s.r.Size()-s.at)/n {
		return 0, fmt.Errorf("a count of %v in %d bytes", v, s.r.Size())
	}
	return int(k), nil
}

// triple reads the pickle of (a, b, torch class).
func (s *section) triple() (a, b Value, class string, err error) {
	v, err := s.pickle()
	if err != nil {
		return nil, nil, "", err
	}
	if t, ok := v.(*List); ok && len(t.Items) == 3 {
		if g, ok := t.Items[2].(Global); ok {
			return t.Items[0], t.Items[1], g.String(), nil
		}
	}
	return nil, nil, "", fmt.Errorf("%s, expected (key, key or location, class)", v.kind())
}

func (s *section) int64s(n int) ([]int64, error) {
	if int64(n) > (s.r.Size()-s.at)/8 {
		return nil, errCut
	}
	b := make([]byte, 8*n)
	if _, err := s.r.ReadAt(b, s.at); err != nil {
		return nil, errCut
	}
	s.at += int64(len(b))
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return out, nil
}

func (c *Checkpoint) tarStorages(m *io.SectionReader) error {
	s := &section{r: m, lim: c.lim}
	n, err := s.count(8)
	if err != nil {
		return err
	}
	for range n {
		key, _, class, err := s.triple()
		if err != nil {
			return err
		}
		count, err := s.int64s(1)
		if err != nil {
			return err
		}
		if storageClasses[class].dtype == tensor.Invalid {
			return fmt.Errorf("storage class %q", class)
		}
		if old := c.storages.byKey[keyText(key)]; old != nil {
			return fmt.Errorf("storage %s occurs twice", old.Key)
		}
		st, err := c.storages.add(keyText(key), class, count[0])
		if err != nil {
			return err
		}
		if st.Bytes > m.Size()-s.at {
			return fmt.Errorf("storage %s: %w", st.Key, errCut)
		}
		st.open = sectionOpener(m, s.at, st.Bytes)
		s.at += st.Bytes
	}
	views, err := s.pickle()
	if err != nil {
		return err
	}
	if l, ok := views.(*List); !ok || len(l.Items) != 0 {
		return errors.New("storages that are views of others are not supported")
	}
	return nil
}

func (c *Checkpoint) tarTensors(m *io.SectionReader) (map[Int]*Tensor, error) {
	s := &section{r: m, lim: c.lim}
	n, err := s.count(16)
	if err != nil {
		return nil, err
	}
	out := map[Int]*Tensor{}
	for range n {
		key, storageKey, class, err := s.triple()
		if err != nil {
			return nil, err
		}
		id, ok := key.(Int)
		st := c.storages.byKey[keyText(storageKey)]
		if !ok || st == nil || strings.TrimSuffix(class, "Tensor") != strings.TrimSuffix(st.class, "Storage") {
			return nil, fmt.Errorf("tensor %v of class %s names storage %v", key, class, storageKey)
		}
		rank, err := s.int64s(1) // int32 and four bytes of padding
		if err != nil {
			return nil, err
		}
		dims := int(uint32(rank[0]))
		if dims > c.lim.Rank {
			return nil, limitf("a tensor of %d axes", dims)
		}
		g, err := s.int64s(2*dims + 1)
		if err != nil {
			return nil, err
		}
		shape, stride := make([]int, dims), make([]int, dims)
		for i := range dims {
			shape[i], stride[i] = int(g[i]), int(g[dims+i])
			if int64(shape[i]) != g[i] || int64(stride[i]) != g[dims+i] {
				return nil, fmt.Errorf("tensor %v has size %d and stride %d", key, g[i], g[dims+i])
			}
		}
		v, err := newView(storageRef{st, 0, st.numel}, storageClasses[st.class].dtype, g[2*dims], shape, stride)
		if err != nil {
			return nil, fmt.Errorf("tensor %v: %w", key, err)
		}
		out[id] = &Tensor{Strides: stride, Storage: st, view: v}
	}
	return out, nil
}

// keyText is the text of a storage key, which is a number in tars.
func keyText(v Value) string {
	switch v := v.(type) {
	case Int:
		return fmt.Sprint(int64(v))
	case String:
		return string(v)
	}
	return ""
}
