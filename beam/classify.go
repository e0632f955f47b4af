package octetbeam

import (
	"context"
	"fmt"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

func init() {
	beam.RegisterType(reflect.TypeFor[classifyFn]())
	beam.RegisterType(reflect.TypeFor[Image]())
	beam.RegisterType(reflect.TypeFor[Answer]())
}

// Image is an image of a pipeline's own collection.
type Image struct {
	Name    string // of the image, which its Answer bears
	Content []byte // of the file: JPEG, PNG or another format that package vision decodes
}

// Answer is what a model takes an Image for.
type Answer struct {
	Name string // of the image
	Top  []Class
}

// Class is an octet.Prediction in a form that Beam stores.
type Class struct {
	Class       int     // number of the output
	Label       string  // empty where classes have no names
	Probability float64 // of softmax, or of the sigmoid where the model has one output
	Logit       float32 // the output of the model
}

// Classify computes each Image of images. answers has an Answer for each, with its top classes,
// best first; broken a Broken for each that could not be decoded.
func Classify(s beam.Scope, m Model, top int, images beam.PCollection) (answers, broken beam.PCollection) {
	if top < 1 {
		panic(fmt.Sprintf("octetbeam: the top %d classes: ask for 1 at least", top))
	}
	return beam.ParDo2(s.Scope("octet.Classify"), &classifyFn{Model: m, Top: top}, images)
}

type classifyFn struct {
	Model Model
	Top   int
}

// ProcessElement computes one.
func (f *classifyFn) ProcessElement(ctx context.Context, in Image, answer func(Answer), broken func(Broken)) error {
	m, err := f.Model.shared(ctx)
	if err != nil {
		return err
	}
	preset, _, err := m.model.Preset()
	if err != nil {
		return err
	}
	x, err := prepare(preset, in.Content)
	if err != nil {
		broken(Broken{in.Name, err.Error()})
		return nil
	}
	y, err := m.session.Run(ctx, x)
	if err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	a := Answer{Name: in.Name}
	labels, _ := m.model.Labels()
	for _, p := range octet.TopK(y.Float32s(), f.Top, labels) {
		a.Top = append(a.Top, Class{p.Class, p.Label, p.Probability, p.Logit})
	}
	answer(a)
	return nil
}

// prepare is the input, of one image, that a preset makes of a file.
func prepare(p vision.Preset, content []byte) (*tensor.Tensor, error) {
	pixels, err := vision.Decode(content)
	if err != nil {
		return nil, err
	}
	x, err := p.Apply(pixels)
	if err != nil {
		return nil, err
	}
	return tensor.Of(x.Float32s(), append(tensor.Shape{1}, x.Shape()...)...), nil
}
