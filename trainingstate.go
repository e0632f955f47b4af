package octet

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/octet-ml/octet/dataset"
)

// made lists what, beside the recipe and the data, decides the numbers of t: the
// parameters that training starts from, and how they are quantized.
func (t *Training) made() (dataset.Settings, error) {
	start, err := t.model.digest()
	if err != nil {
		return nil, err
	}
	s := dataset.Settings{}
	s.Set("starting parameters", start)
	if t.quantized == nil {
		return s, nil
	}
	s.Set("qconfig", t.quantized.Prepared().QConfig)
	s.Set("torch_compatible", t.opts.compatible)
	s.Set("excluded", append([]string{}, t.opts.exclude...))
	return s, nil
}

// digest identifies the state dict of m by its content.
func (m *Model) digest() (string, error) {
	state, err := m.StateDict()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, k := range state.Keys() {
		if x, ok := state.Tensor(k); ok {
			fmt.Fprintln(h, k, x.DType(), x.Shape())
			h.Write(x.Bytes())
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:6]), nil
}
