package dataset

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// Sample is one element of a set. Exactly one of Image and Tensor is set.
type Sample struct {
	Name   string         // of its file, or of its place in one
	Label  int            // index of the class, -1 where unknown
	Image  *vision.Image  // still to be preprocessed
	Tensor *tensor.Tensor // float32 [C, H, W], ready for the model
}

// Kind says what the samples of a Source are.
type Kind uint8

// The kinds of samples.
const (
	KindImages  Kind = iota // Sample.Image is set; a Preset makes inputs of them
	KindTensors             // Sample.Tensor is set: inputs as they are
)

// String is how a Settings names the kind.
func (k Kind) String() string {
	if k == KindTensors {
		return "tensors"
	}
	return "images"
}

// Source is a set of samples in a fixed order. Its methods are safe for
// concurrent use, so that samples can be read in parallel.
type Source interface {
	// Len is the number of samples, at least 1.
	Len() int
	// Kind says what the samples are: tensors where all of them are, and images else.
	Kind() Kind
	// Classes are the names of the labels 0, 1, 2 ...; nil where there are no
	// labels, or only their numbers are known.
	Classes() []string
	// Label is the label of sample i, -1 where unknown; it reads no image.
	Label(i int) int
	// Name says where sample i is: a path, a member of an archive, a row.
	Name(i int) string
	// At reads sample i. An error names the sample.
	At(ctx context.Context, i int) (Sample, error)
	// Close releases what the source holds open.
	Close() error
}

// Option changes how Open reads a set.
type Option func(*options)

type options struct {
	labels string
	flat   bool

	fromNames bool
	decoder   vision.Decoder
	notes     func(string)
	names     []string // of images in memory
}

// note tells the caller of Open about something that it passed over.
func (o options) note(format string, args ...any) {
	if o.notes != nil {
		o.notes(fmt.Sprintf(format, args...))
	}
}

// WithLabels gives the file of the labels: for an IDX or .npy set an IDX file or a
// .npy of integers [N], for a folder or archive a CSV with a line per image, its name
// and its class. Without it, the labels of IDX images are looked for beside them
// under MNIST's names; a .npy has none.
func WithLabels(path string) Option { return func(o *options) { o.labels = path } }

// WithLabelsFromNames takes the class of each image of a folder or archive from the
// name of its file: what stands before its number, as in cat.12.jpg, or the number of
// WordNet in it.
func WithLabelsFromNames() Option { return func(o *options) { o.fromNames = true } }

// WithoutClasses reads all images of a folder or archive without labels, even
// where they lie in one folder per class.
func WithoutClasses() Option { return func(o *options) { o.flat = true } }

// WithDecoder sets the decoder of images, and with it their largest size.
func WithDecoder(d vision.Decoder) Option { return func(o *options) { o.decoder = d } }

// WithNames calls the images of Encoded by these names, in their order.
func WithNames(names ...string) Option { return func(o *options) { o.names = names } }

// WithNotes has Open say, one line at a time, what it passes over: files beside
// class folders, hidden folders, pictures of formats that are not read.
func WithNotes(note func(string)) Option { return func(o *options) { o.notes = note } }

func collect(opts []Option) options {
	var o options
	for _, f := range opts {
		f(&o)
	}
	return o
}
