package vision

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
)

// ToTensor returns the pixels as float32 [3, H, W] in 0..1: value / 255, as
// torchvision's ToTensor and ConvertImageDtype(float32).
func ToTensor(m *Image) *tensor.Tensor {
	out := tensor.New(tensor.Float32, 3, m.Height, m.Width)
	Preset{Channels: 3}.normalize(out.Float32s(), m)
	return out
}

// Normalize returns (x - mean) / std for each channel of a float32 tensor
// [C, H, W] or [N, C, H, W], rounded to float32 after each step as torch does.
func Normalize(t *tensor.Tensor, mean, std []float64) (*tensor.Tensor, error) {
	rank := len(t.Shape())
	if t.DType() != tensor.Float32 || rank < 3 || rank > 4 {
		return nil, fmt.Errorf("normalize: expected float32 [C, H, W] or [N, C, H, W], found %v", t)
	}
	channels := t.Dim(rank - 3)
	if err := checkMoments(mean, std, channels); err != nil {
		return nil, fmt.Errorf("normalize: %w", err)
	}
	out := t.Clone()
	data := out.Float32s()
	area := t.Dim(rank-2) * t.Dim(rank-1)
	for i := range data {
		c := i / area % channels
		data[i] = (data[i] - float32(mean[c])) / float32(std[c])
	}
	return out, nil
}
