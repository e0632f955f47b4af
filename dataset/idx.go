package dataset

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// maxIDX bounds what a gzipped IDX file may unpack to in memory.
const maxIDX = 4 << 30

// idx is the content of an IDX file of bytes: the format of MNIST.
type idx struct {
	shape []int
	data  io.ReaderAt // the elements
	close func() error
}

// isIDX recognises an IDX file of unsigned bytes with 1 to 4 axes.
func isIDX(head []byte) bool {
	return len(head) >= 4 && [3]byte(head) == [3]byte{0, 0, 8} && head[3] >= 1 && head[3] <= 4
}

// readIDX reads the header and checks that all elements are there.
func readIDX(path string) (*idx, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	out, err := parseIDX(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	out.close = f.Close
	return out, nil
}

// seekableFile is what *os.File and *bytes.Reader have in common.
type seekableFile interface {
	io.ReadSeeker
	io.ReaderAt
}

func parseIDX(f seekableFile) (*idx, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var magic [2]byte
	if _, err := f.ReadAt(magic[:], 0); err == nil && string(magic[:]) == "\x1f\x8b" {
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer // grows only as data arrives
		n, err := io.Copy(&b, io.LimitReader(z, maxIDX+1))
		if err != nil {
			return nil, err
		}
		if n > maxIDX {
			return nil, fmt.Errorf("it unpacks to more than %d bytes; unpack it", int64(maxIDX))
		}
		size, f = n, bytes.NewReader(b.Bytes())
	}
	head := make([]byte, 4+4*4)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !isIDX(head[:n]) || n < 4+4*int(head[3]) {
		return nil, errors.New("not an IDX file of unsigned bytes")
	}
	out := &idx{}
	begin := int64(4)
	left := size - begin - 4*int64(head[3])
	elements := int64(1)
	for range head[3] {
		d := int64(binary.BigEndian.Uint32(head[begin:]))
		if d == 0 {
			return nil, fmt.Errorf("an IDX file without elements: axis %d has extent 0", len(out.shape))
		}
		if elements > left/d {
			return nil, fmt.Errorf("the elements need more than the %d bytes that follow the header; is the file cut off?", left)
		}
		elements *= d
		out.shape = append(out.shape, int(d))
		begin += 4
	}
	out.data = io.NewSectionReader(f, begin, elements)
	return out, nil
}

// idxImages is a set of gray [N, H, W] or RGB [N, H, W, 3] images.
type idxImages struct {
	path   string
	images *idx
	labels []int
}

func openIDX(path string, o options) (Source, error) {
	images, err := readIDX(path)
	if err != nil {
		return nil, err
	}
	if r := len(images.shape); r < 3 || r == 4 && images.shape[3] != 3 {
		images.close()
		return nil, fmt.Errorf("%s: images need the shape [N, H, W] or [N, H, W, 3], found %v; is this a file of labels?", path, images.shape)
	}
	out := &idxImages{path: path, images: images}
	labels := o.labels
	if labels == "" {
		labels = labelsBeside(path)
	}
	if labels != "" {
		out.labels, err = readLabels(labels, images.shape[0])
	}
	if err != nil {
		images.close()
		return nil, err
	}
	return out, nil
}

// labelsBeside finds train-labels-idx1-ubyte beside train-images-idx3-ubyte,
// each with or without .gz; "" when there is none.
func labelsBeside(path string) string {
	dir, name := filepath.Split(path)
	base := strings.TrimSuffix(strings.NewReplacer("images", "labels", "idx3", "idx1").Replace(name), ".gz")
	if base == strings.TrimSuffix(name, ".gz") {
		return ""
	}
	for _, candidate := range []string{base, base + ".gz"} {
		if info, err := os.Stat(filepath.Join(dir, candidate)); err == nil && info.Mode().IsRegular() {
			return filepath.Join(dir, candidate)
		}
	}
	return ""
}

func (s *idxImages) Len() int          { return s.images.shape[0] }
func (s *idxImages) Kind() Kind        { return KindImages }
func (s *idxImages) Classes() []string { return nil }
func (s *idxImages) Name(i int) string { return fmt.Sprintf("%s[%d]", s.path, i) }
func (s *idxImages) Close() error      { return s.images.close() }

func (s *idxImages) Label(i int) int {
	if s.labels == nil {
		return -1
	}
	return s.labels[i]
}

func (s *idxImages) At(ctx context.Context, i int) (Sample, error) {
	if err := ctx.Err(); err != nil {
		return Sample{}, err
	}
	h, w := s.images.shape[1], s.images.shape[2]
	b, err := s.pixels(i)
	if err != nil {
		return Sample{}, fmt.Errorf("%s: %w", s.Name(i), err)
	}
	out := Sample{Name: s.Name(i), Label: s.Label(i)}
	if len(s.images.shape) == 3 {
		out.Image = vision.FromGray(w, h, b)
	} else {
		out.Image = &vision.Image{Width: w, Height: h, Pix: b}
	}
	return out, nil
}

// pixels reads the bytes of image i.
func (s *idxImages) pixels(i int) ([]byte, error) {
	b := make([]byte, tensor.Shape(s.images.shape[1:]).Numel())
	_, err := s.images.data.ReadAt(b, int64(i)*int64(len(b)))
	if err == io.EOF {
		err = nil
	}
	return b, err
}
