package npy

import (
	"archive/zip"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/octet-ml/octet/tensor"
)

const (
	// MaxNPZ bounds the bytes of all arrays that ReadNPZ unpacks together.
	MaxNPZ = 4 << 30

	maxMembers = 10_000
	// maxRatio is what deflate can reach: 258 bytes from two bits.
	maxRatio = 1032
)

// NPZ is the content of an archive.
type NPZ struct {
	Names  []string                  // without ".npy", in the archive's order
	Arrays map[string]*tensor.Tensor // by name
}

// ReadNPZ reads the arrays of a .npz archive as numpy.savez and
// savez_compressed write it; all of them, or only those named. More than MaxNPZ
// bytes of arrays are an error; so is a name that is not in the archive.
func ReadNPZ(path string, names ...string) (*NPZ, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: not a .npz archive: %w", path, err)
	}
	defer z.Close()
	out, err := readNPZ(&z.Reader, names)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// NamesNPZ lists the arrays of a .npz archive, in its order, without reading them.
func NamesNPZ(path string) ([]string, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: not a .npz archive: %w", path, err)
	}
	defer z.Close()
	var names []string
	for _, f := range z.File {
		if name, ok := strings.CutSuffix(f.Name, ".npy"); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

func readNPZ(z *zip.Reader, names []string) (*NPZ, error) {
	if len(z.File) > maxMembers {
		return nil, fmt.Errorf("%d members; at most %d are accepted", len(z.File), maxMembers)
	}
	out := &NPZ{Arrays: map[string]*tensor.Tensor{}}
	left := uint64(MaxNPZ)
	var all []string
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			continue
		}
		all = append(all, name)
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		if out.Arrays[name] != nil {
			return nil, fmt.Errorf("array %q twice", name)
		}
		if f.UncompressedSize64 > left {
			return nil, fmt.Errorf("array %q brings the archive above %d bytes", name, int64(MaxNPZ))
		}
		left -= f.UncompressedSize64
		t, err := readMember(f)
		if err != nil {
			return nil, fmt.Errorf("array %q: %w", name, err)
		}
		out.Names = append(out.Names, name)
		out.Arrays[name] = t
	}
	for _, n := range names {
		if out.Arrays[n] == nil {
			return nil, fmt.Errorf("no array %q; the archive holds %q", n, all)
		}
	}
	if len(out.Names) == 0 {
		return nil, fmt.Errorf("no .npy member among %d; save it with numpy.savez", len(z.File))
	}
	return out, nil
}

func readMember(f *zip.File) (*tensor.Tensor, error) {
	if f.Method != zip.Store && f.Method != zip.Deflate {
		return nil, fmt.Errorf("compression method %d; only stored and deflated members are read", f.Method)
	}
	if f.UncompressedSize64 > maxRatio*f.CompressedSize64+64 {
		return nil, fmt.Errorf("%d bytes cannot unpack to %d", f.CompressedSize64, f.UncompressedSize64)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	if h.bytes > int64(f.UncompressedSize64) {
		return nil, fmt.Errorf("%v%v needs %d bytes, but the member holds %d", h.DType, h.Shape, h.bytes, f.UncompressedSize64)
	}
	raw, err := readExactly(r, h.bytes)
	if err != nil {
		return nil, err
	}
	// The checksum is compared only at the end of the member.
	if n, err := r.Read(make([]byte, 1)); n > 0 || err == nil {
		return nil, fmt.Errorf("data behind the elements of %v%v", h.DType, h.Shape)
	} else if err != io.EOF {
		return nil, err
	}
	return h.tensor(raw)
}

// WriteNPZ writes arrays as numpy.savez does, by name.
func WriteNPZ(w io.Writer, arrays map[string]*tensor.Tensor) error {
	z := zip.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		member, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
		if err == nil {
			err = Write(member, arrays[name])
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return z.Close()
}
