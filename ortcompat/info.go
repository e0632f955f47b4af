package ortcompat

import (
	"fmt"
	"maps"
	"slices"

	"github.com/octet-ml/octet/onnx"
)

// InputOutputInfo describes an input or an output of a model.
type InputOutputInfo struct {
	Name         string                // by which a session is given or asked for it
	OrtValueType ONNXType              // always ONNXTypeTensor
	Dimensions   Shape                 // -1 where any size will do
	DataType     TensorElementDataType // of the elements
}

// String is like x: float32 [-1 3 224 224].
func (n *InputOutputInfo) String() string {
	return fmt.Sprintf("%s: %v %v", n.Name, n.DataType, n.Dimensions)
}

// GetInputOutputInfo tells the inputs and outputs of a model in a file.
func GetInputOutputInfo(path string) ([]InputOutputInfo, []InputOutputInfo, error) {
	return GetInputOutputInfoWithOptions(path, nil)
}

// GetInputOutputInfoWithOptions is GetInputOutputInfo; the options do not matter.
func GetInputOutputInfoWithOptions(path string, _ *SessionOptions) ([]InputOutputInfo, []InputOutputInfo, error) {
	return infoOf(onnx.Open(path))
}

// GetInputOutputInfoWithONNXData is GetInputOutputInfo of a model in memory.
func GetInputOutputInfoWithONNXData(data []byte) ([]InputOutputInfo, []InputOutputInfo, error) {
	return infoOf(readData(data))
}

func infoOf(file *onnx.File, err error) (inputs, outputs []InputOutputInfo, _ error) {
	if e := check(); e != nil {
		return nil, nil, e
	}
	if err != nil {
		return nil, nil, fmt.Errorf("ortcompat: %w", err)
	}
	in, err := file.Inputs()
	if err != nil {
		return nil, nil, fmt.Errorf("ortcompat: %w", err)
	}
	out, err := file.Outputs()
	if err != nil {
		return nil, nil, fmt.Errorf("ortcompat: %w", err)
	}
	return portsOf(in), portsOf(out), nil
}

func portsOf(ports []onnx.Port) []InputOutputInfo {
	list := make([]InputOutputInfo, len(ports))
	for i, p := range ports {
		list[i] = InputOutputInfo{p.Name, ONNXTypeTensor, shapeOf(p.Sizes), typeOf(p.DType)}
		for j, n := range p.Sizes {
			if n == 0 {
				list[i].Dimensions[j] = -1
			}
		}
	}
	return list
}

// ModelMetadata is what a file says about itself.
type ModelMetadata struct{ file *onnx.File }

// GetModelMetadata reads it from a file.
func GetModelMetadata(path string) (*ModelMetadata, error) {
	return metadataOf(onnx.Open(path))
}

// GetModelMetadataWithONNXData reads it from a model in memory.
func GetModelMetadataWithONNXData(data []byte) (*ModelMetadata, error) {
	return metadataOf(readData(data))
}

func metadataOf(file *onnx.File, err error) (*ModelMetadata, error) {
	if e := check(); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, fmt.Errorf("ortcompat: %w", err)
	}
	return &ModelMetadata{file}, nil
}

// GetProducerName is the tool that wrote the file, with its version.
func (m *ModelMetadata) GetProducerName() (string, error) { return m.file.Producer(), nil }

// LookupCustomMetadataMap returns an entry of the file's metadata_props, and whether there is one.
func (m *ModelMetadata) LookupCustomMetadataMap(key string) (string, bool, error) {
	v, ok := m.file.Metadata()[key]
	return v, ok, nil
}

// GetCustomMetadataMapKeys lists the entries of the file's metadata_props.
func (m *ModelMetadata) GetCustomMetadataMapKeys() ([]string, error) {
	return slices.Sorted(maps.Keys(m.file.Metadata())), nil
}

// Destroy does nothing.
func (m *ModelMetadata) Destroy() error { return nil }
