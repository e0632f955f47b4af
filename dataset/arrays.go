package dataset

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// array is a set in one array: real numbers [N, C, H, W], which are model
// inputs already, or bytes [N, H, W], [N, H, W, 1] or [N, H, W, 3], which are
// images.
type array struct {
	path   string
	shape  tensor.Shape
	dtype  tensor.DType
	labels []int
	row    func(i int) (*tensor.Tensor, error) // [1, shape[1:]...]
	close  func() error
}

func openNPY(path string, o options) (Source, error) {
	f, err := npy.Open(path)
	if err != nil {
		return nil, err
	}
	a := &array{
		path: path, shape: f.Shape, dtype: f.DType, close: f.Close,
		row: func(i int) (*tensor.Tensor, error) { return f.Rows(i, 1) },
	}
	if err = a.check(); err == nil {
		_, err = f.Rows(0, 0) // an order that cannot be read row by row shows here
	}
	if err == nil && o.labels != "" {
		a.labels, err = readLabels(o.labels, a.Len())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return a, nil
}

// openNPZ reads the arrays "x" and, where present, "y" into memory.
func openNPZ(path string) (Source, error) {
	names, err := npy.NamesNPZ(path)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, "x") {
		return nil, fmt.Errorf("%s: no array \"x\"; it holds %q, save it with numpy.savez(f, x=images, y=labels)", path, names)
	}
	wanted := []string{"x"}
	if slices.Contains(names, "y") {
		wanted = append(wanted, "y")
	}
	z, err := npy.ReadNPZ(path, wanted...)
	if err != nil {
		return nil, err
	}
	x := z.Arrays["x"]
	a := &array{path: path, shape: x.Shape(), dtype: x.DType(), close: func() error { return nil }}
	if err := a.check(); err != nil {
		return nil, err
	}
	size := x.Shape()[1:].Numel() * x.DType().Size()
	one := append(tensor.Shape{1}, x.Shape()[1:]...)
	a.row = func(i int) (*tensor.Tensor, error) {
		return tensor.FromBytes(x.DType(), nil, one, x.Bytes()[i*size:(i+1)*size])
	}
	if y := z.Arrays["y"]; y != nil {
		if a.labels, err = toLabels(y); err == nil && len(a.labels) != a.Len() {
			err = fmt.Errorf("%d labels (y) for %d images (x)", len(a.labels), a.Len())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// check says what is wrong with the array as a set of images.
func (a *array) check() error {
	err := func() error {
		rank := len(a.shape)
		switch {
		case rank == 1 && a.dtype != tensor.UInt8:
			return errors.New("these look like labels; name the file of the images")
		case a.dtype == tensor.UInt8 && (rank == 3 || rank == 4 && (a.shape[3] == 1 || a.shape[3] == 3)):
		case a.dtype == tensor.UInt8:
			return fmt.Errorf("uint8 images need the shape [N, H, W], [N, H, W, 1] or [N, H, W, 3], found %v; transpose them", a.shape)
		case !a.dtype.IsFloat():
			return fmt.Errorf("%v%v is no set of images; save float32 [N, C, H, W] or uint8 [N, H, W, C]", a.dtype, a.shape)
		case rank != 4:
			return fmt.Errorf("%v inputs need the shape [N, C, H, W], found %v; reshape them", a.dtype, a.shape)
		}
		if slices.Contains(a.shape, 0) {
			return fmt.Errorf("the array is empty: its shape is %v", a.shape)
		}
		return nil
	}()
	if err != nil {
		return fmt.Errorf("%s: %w", a.path, err)
	}
	return nil
}

func (a *array) Len() int          { return a.shape[0] }
func (a *array) Classes() []string { return nil }
func (a *array) Name(i int) string { return fmt.Sprintf("%s[%d]", a.path, i) }
func (a *array) Close() error      { return a.close() }

func (a *array) Kind() Kind {
	if a.dtype == tensor.UInt8 {
		return KindImages
	}
	return KindTensors
}

func (a *array) Label(i int) int {
	if a.labels == nil {
		return -1
	}
	return a.labels[i]
}

func (a *array) At(ctx context.Context, i int) (Sample, error) {
	if err := ctx.Err(); err != nil {
		return Sample{}, err
	}
	t, err := a.row(i)
	if err != nil {
		return Sample{}, err
	}
	out := Sample{Name: a.Name(i), Label: a.Label(i)}
	switch {
	case a.Kind() == KindTensors:
		t, err = t.ToFloat32()
		if err != nil {
			return Sample{}, fmt.Errorf("%s: %w", out.Name, err)
		}
		out.Tensor = t.Reshape(t.Shape()[1:]...)
	case t.Numel() == 3*a.shape[1]*a.shape[2]:
		out.Image = &vision.Image{Width: a.shape[2], Height: a.shape[1], Pix: t.Uint8s()}
	default:
		out.Image = vision.FromGray(a.shape[2], a.shape[1], t.Uint8s())
	}
	return out, nil
}
