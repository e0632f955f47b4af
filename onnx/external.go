package onnx

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// external reads a tensor whose elements are in another file of the model's folder. An
// os.Root keeps the path inside it: neither "..", nor an absolute path, nor a link leads
// out.
func (f *File) external(p *onnxpb.TensorProto, dtype tensor.DType, shape tensor.Shape) (*tensor.Tensor, error) {
	if f.folder == "" {
		return nil, fmt.Errorf("its elements are in another file, and the model was not opened from a folder: open it by its path")
	}
	var location string
	var offset int64
	bits := packedBits(dtype)
	length := int64(shape.Numel()) * int64(dtype.Size())
	if bits > 0 {
		length = (int64(shape.Numel())*int64(bits) + 7) / 8
	}
	for _, e := range p.GetExternalData() {
		var err error
		switch e.GetKey() {
		case "location":
			location = e.GetValue()
		case "offset":
			offset, err = strconv.ParseInt(e.GetValue(), 10, 64)
		case "length":
			var n int64
			if n, err = strconv.ParseInt(e.GetValue(), 10, 64); err == nil && n != length {
				err = fmt.Errorf("%v%v takes %d bytes", dtype, shape, length)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("external data: %s %q: %w", e.GetKey(), e.GetValue(), err)
		}
	}
	root, err := os.OpenRoot(f.folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if info, err := root.Lstat(location); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("external data %q is no regular file of the model's folder", location)
	}
	file, err := root.Open(location)
	if err != nil {
		return nil, fmt.Errorf("external data: %w; the file belongs into the folder of the model", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || offset < 0 || length > info.Size()-offset {
		return nil, fmt.Errorf("external data %q: %d bytes from %d on of a file of %d bytes", location, length, offset, info.Size())
	}
	read := func(raw []byte) error {
		_, err := io.ReadFull(io.NewSectionReader(file, offset, length), raw)
		return err
	}
	if bits > 0 {
		packed := make([]byte, length)
		if err := read(packed); err != nil {
			return nil, err
		}
		return unpacked(packed, dtype, bits, shape)
	}
	return tensor.Decode(dtype, nil, shape, read)
}
