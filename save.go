package octet

import (
	"context"
	"fmt"
	"io"
	"maps"

	"github.com/octet-ml/octet/torch"
)

// Save writes the model as a file of torch.save: its state dict, and what is
// known beside it as the record MetadataRecord, which PyTorch ignores. A fully
// quantized model loads in torchvision's quantized model of the same name
// (strict). The file appears complete or not at all: when ctx ends early, none is left.
func (m *Model) Save(ctx context.Context, path string) error {
	sd, err := m.withRecord()
	if err != nil {
		return err
	}
	return torch.Save(path, sd, torch.WithContext(ctx))
}

// Write is Save to a stream.
func (m *Model) Write(w io.Writer) error {
	if w == nil {
		return errNil("writer", "os.Create returns one")
	}
	sd, err := m.withRecord()
	if err != nil {
		return err
	}
	return torch.Write(w, sd)
}

// withRecord returns the state dict with the metadata as an extra record.
func (m *Model) withRecord() (*torch.StateDict, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if m.declared != nil {
		return nil, fmt.Errorf("%s is a model of its own graph, which a state dict cannot hold", m.name())
	}
	if dynamicAlone(m.graph) {
		return nil, fmt.Errorf("%s is quantized dynamically, which octet writes as ONNX: SaveONNX (name FILE.onnx)", m.name())
	}
	record, err := m.meta.encode()
	if err != nil {
		return nil, err
	}
	state, err := m.StateDict()
	if err != nil {
		return nil, err
	}
	sd := *state
	sd.Extra = map[string][]byte{}
	maps.Copy(sd.Extra, state.Extra)
	sd.Extra[MetadataRecord] = record
	return &sd, nil
}
