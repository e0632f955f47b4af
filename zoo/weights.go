package zoo

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/vision"
)

//go:generate go run ../tools/zoo ../tools/zoo/zoo.json weights_table.go

// Weights is one member of one of torchvision's weight enums: a trained file
// with what is published about it. It is plain data; package hub fetches the
// file.
type Weights struct {
	Enum   string // torchvision's class: ResNet50_QuantizedWeights
	Member string // IMAGENET1K_FBGEMM_V2

	URL      string // where the file is published
	FileName string // last element of URL; also its name in PyTorch's cache
	// HashPrefix is the beginning of the file's SHA-256 in lower-case hex. Some
	// names spell it NAME_hash.pth, which torch.hub does not recognise and
	// therefore never verifies.
	HashPrefix string

	Arch string // of this package: resnet50
	// Backend is the numeric preset of int8 weights, fbgemm or qnnpack; empty for
	// float weights.
	Backend string
	// Prepared says that the file is a float32 state dict as prepare_qat left it:
	// it is int8 only after conversion.
	Prepared    bool
	Recipe      string // where the training or quantization is described
	Unquantized string // name of the float weights that int8 weights were made of
	NumParams   int    // weights and biases, as torchvision counts them

	Acc1, Acc5 float64 // top-1 and top-5 accuracy on ImageNet-1K's validation images, percent
	MinSize    [2]int  // smallest height and width of an input
	FileSizeMB float64 // as torchvision documents it, in units of 2^20 bytes; see Bytes
	GFLOPS     float64 // multiply-adds of one image of Preset's size, in 10^9

	Preset vision.Preset // from an image to the input
}

// Bytes is about the size of the file.
func (w Weights) Bytes() int64 { return int64(w.FileSizeMB * (1 << 20)) }

// String returns torchvision's full name: ResNet50_QuantizedWeights.IMAGENET1K_FBGEMM_V2.
func (w Weights) String() string { return w.Enum + "." + w.Member }

// Quantized reports whether the weights are for the int8 model
// (quantize=True).
func (w Weights) Quantized() bool { return w.Backend != "" }

// Categories returns the names of the classes in the order of the outputs. All
// weights of the table are trained on ImageNet-1K.
func (w Weights) Categories() []string { return ImageNetCategories() }

// WeightsEnum is one of torchvision's weight enums: one of the variables of this
// package. The zero value has no members and thus no default.
type WeightsEnum struct {
	name         string
	defaultIndex int
	members      []Weights
}

// Name returns torchvision's name of the enum: ResNet50_QuantizedWeights.
func (e WeightsEnum) Name() string { return e.name }

// Default returns what torchvision calls DEFAULT: the best member.
func (e WeightsEnum) Default() Weights { return e.members[e.defaultIndex].clone() }

// Members returns the members in torchvision's order.
func (e WeightsEnum) Members() []Weights {
	members := make([]Weights, len(e.members))
	for i, w := range e.members {
		members[i] = w.clone()
	}
	return members
}

// Member returns the member called name, which may be DEFAULT.
func (e WeightsEnum) Member(name string) (Weights, error) {
	if name == "DEFAULT" {
		return e.Default(), nil
	}
	for _, w := range e.members {
		if w.Member == name {
			return w.clone(), nil
		}
	}
	return Weights{}, fmt.Errorf("%s has no member %q: it has %s", e.name, name, strings.Join(e.memberNames(), ", "))
}

// memberNames lists the members and DEFAULT.
func (e WeightsEnum) memberNames() []string {
	var names []string
	for _, w := range e.members {
		names = append(names, w.Member)
	}
	return append(names, "DEFAULT")
}

// clone returns w without slices shared with the table.
func (w Weights) clone() Weights {
	w.Preset.Resize = slices.Clone(w.Preset.Resize)
	w.Preset.Crop = slices.Clone(w.Preset.Crop)
	w.Preset.Mean = slices.Clone(w.Preset.Mean)
	w.Preset.Std = slices.Clone(w.Preset.Std)
	return w
}

// WeightsEnums lists the enums, the quantized ones first.
func WeightsEnums() []WeightsEnum { return slices.Clone(weightsEnums) }

// AllWeights lists the members of all enums in the order of WeightsEnums.
func AllWeights() []Weights {
	var all []Weights
	for _, e := range weightsEnums {
		all = append(all, e.Members()...)
	}
	return all
}

// Get returns the weights of a name as torchvision's get_weight takes it:
// "ResNet50_QuantizedWeights.IMAGENET1K_FBGEMM_V2", or with DEFAULT for the
// member. The error lists names like it.
func Get(name string) (Weights, error) {
	enum, member, dotted := strings.Cut(name, ".")
	for _, e := range weightsEnums {
		if e.name != enum {
			continue
		}
		if !dotted {
			return Weights{}, fmt.Errorf("weights %q: name a member behind a dot: %s", name, strings.Join(e.memberNames(), ", "))
		}
		w, err := e.Member(member)
		if err != nil {
			return Weights{}, fmt.Errorf("weights %q: %w", name, err)
		}
		return w, nil
	}
	return Weights{}, fmt.Errorf("weights %q are not known; names like it are %s", name, strings.Join(nearWeights(name), ", "))
}

//go:embed imagenet_labels.txt
var imagenetCategories string

// ImageNetCategories returns the 1000 class names of ImageNet-1K in the order
// of the outputs of torchvision's weights (their meta["categories"]).
func ImageNetCategories() []string {
	return strings.Split(strings.TrimSpace(imagenetCategories), "\n")
}

//go:embed imagenet_wordnet.txt
var imagenetWordNet string

// ImageNetWordNet returns the WordNet numbers of the 1000 classes of ImageNet-1K, such
// as n01440764, in the order of the outputs. They are sorted.
func ImageNetWordNet() []string { return strings.Fields(imagenetWordNet) }
