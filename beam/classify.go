package octetbeam

import (
	"context"
	"fmt"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"

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
// best first; broken a Broken for each that could not be decoded. Both are in the window of
// their image and have its time.
func Classify(s beam.Scope, m Model, top int, images beam.PCollection) (answers, broken beam.PCollection) {
	if top < 1 {
		panic(fmt.Sprintf("octetbeam: the top %d classes: ask for 1 at least", top))
	}
	return beam.ParDo2(s.Scope("octet.Classify"), &classifyFn{Model: m, Top: top}, images)
}

type classifyFn struct {
	Model Model
	Top   int

	bundle *bundle
	ready  []outcome // that are not passed on yet
}

// outcome is what became of an Image: an Answer or a Broken.
type outcome struct {
	time   beam.EventTime
	answer Answer
	broken *Broken
}

// StartBundle forgets the bundle before.
func (f *classifyFn) StartBundle(context.Context, func(beam.EventTime, Answer), func(beam.EventTime, Broken)) {
	f.bundle, f.ready = &bundle{}, nil
}

// ProcessElement computes one image beside others of the bundle, whose outcomes it passes on. Beam
// puts what it passes on into the window of its own image, and what FinishBundle does into the
// global one: so images of other windows are waited for.
func (f *classifyFn) ProcessElement(ctx context.Context, w beam.Window, at beam.EventTime, in Image, answer func(beam.EventTime, Answer), broken func(beam.EventTime, Broken)) error {
	m, err := f.Model.shared(ctx)
	if err != nil {
		return err
	}
	preset, _, err := m.model.Preset()
	if err != nil {
		return err
	}
	err = start(ctx, f.bundle, func(func(Broken)) (outcome, error) {
		o, err := f.classify(ctx, m, preset, in)
		o.time = at
		return o, err
	}, func(o outcome) error {
		f.ready = append(f.ready, o)
		return nil
	})
	if !w.Equals(window.GlobalWindow{}) {
		f.bundle.group.Wait()
	}
	f.passOn(answer, broken)
	return err
}

// FinishBundle passes on what is left.
func (f *classifyFn) FinishBundle(_ context.Context, answer func(beam.EventTime, Answer), broken func(beam.EventTime, Broken)) error {
	err := f.bundle.finish(nil)
	f.passOn(answer, broken)
	return err
}

func (f *classifyFn) passOn(answer func(beam.EventTime, Answer), broken func(beam.EventTime, Broken)) {
	f.bundle.mu.Lock()
	ready := f.ready
	f.ready = nil
	f.bundle.mu.Unlock()
	for _, o := range ready {
		if o.broken != nil {
			broken(o.time, *o.broken)
		} else {
			answer(o.time, o.answer)
		}
	}
}

func (f *classifyFn) classify(ctx context.Context, m *shared, preset vision.Preset, in Image) (o outcome, err error) {
	x, err := prepare(preset, in.Content)
	if err != nil {
		o.broken = &Broken{in.Name, err.Error()}
		return o, nil
	}
	y, err := m.session.Run(ctx, x)
	if err != nil {
		return o, fmt.Errorf("%s: %w", in.Name, err)
	}
	o.answer.Name = in.Name
	labels, _ := m.model.Labels()
	for _, p := range octet.TopK(y.Float32s(), f.Top, labels) {
		o.answer.Top = append(o.answer.Top, Class{p.Class, p.Label, p.Probability, p.Logit})
	}
	return o, nil
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
