package dataset

import (
	"bytes"
	"io"
	"os"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// How each source identifies a sample without decoding it.

func (f *files) decoding() vision.Decoder     { return f.decoder }
func (e *encoded) decoding() vision.Decoder   { return e.decoder }
func (a *archive) decoding() vision.Decoder   { return a.decoder }
func (a *array) decoding() vision.Decoder     { return vision.Decoder{} }
func (s *idxImages) decoding() vision.Decoder { return vision.Decoder{} }

func (f *files) hash(i int) (SampleID, error) {
	file, err := os.Open(f.paths[i])
	if err != nil {
		return SampleID{}, err
	}
	defer file.Close()
	return hashFile("", file)
}

func (a *archive) hash(i int) (SampleID, error) {
	return hashFile("", io.NewSectionReader(a.data, a.members[i].offset, a.members[i].size))
}

func (a *array) hash(i int) (SampleID, error) {
	t, err := a.row(i)
	if err == nil && a.dtype != tensor.UInt8 {
		t, err = t.ToFloat32() // what the model sees
	}
	if err != nil {
		return SampleID{}, err
	}
	return Hash(RowName(i), t.Reshape(t.Shape()[1:]...)), nil
}

func (s *idxImages) hash(i int) (SampleID, error) {
	b, err := s.pixels(i)
	return hashArray(RowName(i), tensor.UInt8, s.images.shape[1:], b), err
}

func (e *encoded) hash(i int) (SampleID, error) {
	return hashFile("", bytes.NewReader(e.images[i]))
}

// Under makes a subset a Wrapper.
func (s *subset) Under(i int) (Source, int) { return s.Source, s.index[i] }
