package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// Sum is the first half of a SHA-256 digest.
type Sum [sha256.Size / 2]byte

// SampleID is what a sample is known by.
type SampleID struct {
	// Name is for messages: two samples are the same where Sum and Label are.
	Name  string
	Size  int64 // bytes; -1 of a sample that could not be read
	Sum   Sum   // of the bytes of a file, or of shape, type and elements of an array
	Label int   // -1 where it decides nothing
}

// same compares what decides numbers.
func (s SampleID) same(o SampleID) bool { return s.Sum == o.Sum && s.Label == o.Label }

// MarshalText writes a line: digest, size, label, name.
func (s SampleID) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%x %d %d %s", s.Sum[:], s.Size, s.Label, s.Name), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *SampleID) UnmarshalText(text []byte) error {
	parts := strings.SplitN(string(text), " ", 4)
	if len(parts) != 4 || len(parts[0]) != 2*len(s.Sum) {
		return fmt.Errorf("%.60q does not identify a sample", text)
	}
	_, badSum := hex.Decode(s.Sum[:], []byte(parts[0]))
	size, badSize := strconv.ParseInt(parts[1], 10, 64)
	label, badLabel := strconv.Atoi(parts[2])
	if err := errors.Join(badSum, badSize, badLabel); err != nil {
		return fmt.Errorf("%.60q does not identify a sample: %w", text, err)
	}
	s.Size, s.Label, s.Name = size, label, parts[3]
	return nil
}

// RowName is what sample i of an array is called in an Identity, whatever file the
// array is in.
func RowName(i int) string { return fmt.Sprintf("sample %d", i) }

// Hash identifies tensors by their types, shapes and elements.
func Hash(name string, tensors ...*tensor.Tensor) SampleID {
	h, size := sha256.New(), 0
	for _, t := range tensors {
		fmt.Fprintf(h, "%v %v\n", t.DType(), t.Shape())
		b := t.Bytes()
		h.Write(b)
		size += len(b)
	}
	return SampleID{Name: name, Size: int64(size), Sum: Sum(h.Sum(nil)), Label: -1}
}

func hashArray(name string, dtype tensor.DType, shape []int, elements []byte) SampleID {
	h := sha256.New()
	fmt.Fprintf(h, "%v %v\n", dtype, shape)
	h.Write(elements)
	return SampleID{Name: name, Size: int64(len(elements)), Sum: Sum(h.Sum(nil)), Label: -1}
}

// hashFile identifies an image file by its bytes.
func hashFile(name string, r io.Reader) (SampleID, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return SampleID{Name: name, Size: n, Sum: Sum(h.Sum(nil)), Label: -1}, err
}

// hasher is a source that identifies its samples without decoding them.
type hasher interface {
	hash(i int) (SampleID, error)
	decoding() vision.Decoder
}

// Wrapper is a Source that shows samples of others.
type Wrapper interface {
	// Under says which sample of which source sample i is.
	Under(i int) (Source, int)
}

// under looks through wrappers.
func under(src Source, i int) (Source, int) {
	for {
		w, ok := src.(Wrapper)
		if !ok {
			return src, i
		}
		src, i = w.Under(i)
	}
}

// identify reads sample i. Sources of other packages are decoded.
func identify(ctx context.Context, src Source, i int) SampleID {
	name := src.Name(i)
	src, i = under(src, i)
	id, err := func() (SampleID, error) {
		if h, ok := src.(hasher); ok {
			return h.hash(i)
		}
		s, err := src.At(ctx, i)
		switch {
		case err != nil:
			return SampleID{}, err
		case s.Tensor != nil:
			return Hash(name, s.Tensor), nil
		}
		return hashArray(name, tensor.UInt8, []int{s.Image.Height, s.Image.Width, 3}, s.Image.Pix), nil
	}()
	if err != nil {
		return SampleID{Name: name, Size: -1, Label: -1}
	}
	if id.Name == "" {
		id.Name = name
	}
	return id
}
