package octet_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"log"
	"os"
	"path/filepath"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/train"
)

// Quantize a float checkpoint on images, save it, read it back and run it.
func Example() {
	ctx := context.Background()
	model, err := octet.Open("cmd/octet/demodata/fashion_resnet8.pth", octet.WithArch("fashion_resnet8"))
	if err != nil {
		log.Fatal(err)
	}
	calibration := octet.Inputs(ctx, model, "cmd/octet/demodata/calibration-images-idx3-ubyte.gz")
	int8, report, err := octet.Quantize(ctx, model, calibration, octet.WithBackend(octet.FBGEMM), octet.WithLimit(64))
	if err != nil {
		log.Fatal(err)
	}
	folder, _ := os.MkdirTemp("", "octet")
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "int8.pth")
	if err := int8.Save(ctx, path); err != nil {
		log.Fatal(err)
	}

	int8, err = octet.Open(path) // octet's own files need no options
	if err != nil {
		log.Fatal(err)
	}
	session, err := int8.Compile()
	if err != nil {
		log.Fatal(err)
	}
	logits, err := session.Run(ctx, tensor.New(tensor.Float32, 2, 1, 28, 28))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.FloatNodes, "layers in float;", int8.Backend(), logits)
	// Output: 0 layers in float; fbgemm float32[2, 10]
}

// An image becomes a class in two lines: with the preprocessing that belongs to the
// model, and the names of its classes.
func ExampleSession_Classify() {
	model, err := octet.Open("cmd/octet/demodata/fashion_resnet8.pth")
	if err != nil {
		log.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, 28, 28)) // or what image.Decode returns
	for y := 6; y < 22; y++ {
		for x := 4; x < 24; x++ {
			img.SetGray(x, y, color.Gray{Y: 220})
		}
	}
	session, err := model.Compile()
	if err != nil {
		log.Fatal(err)
	}
	top, err := session.Classify(context.Background(), img, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(top[0].Label)
	// Output: Bag
}

func ExampleFromTensor() {
	model, err := octet.Open("cmd/octet/demodata/fashion_resnet8.pth")
	if err != nil {
		log.Fatal(err)
	}
	x := tensor.New(tensor.Float32, 4, 1, 28, 28)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i%100)/50 - 1
	}
	_, report, err := octet.Quantize(context.Background(), model, octet.FromTensor(x), octet.WithQConfig("torchvision"), octet.WithExclude("fc"))
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range report.Nodes {
		if !n.Int8 && n.Op != "dequantize" {
			fmt.Println(n.Name, n.Note)
		}
	}
	// Output: fc kept float: excluded by "fc"
}

// How often a model is right on labelled images: a folder with one folder per class, or
// an IDX file with its labels beside it as here.
func ExampleEvaluate() {
	model, err := octet.Open("cmd/octet/demodata/fashion_resnet8.pth")
	if err != nil {
		log.Fatal(err)
	}
	source, err := dataset.Open("cmd/octet/demodata/t10k-images-idx3-ubyte.gz")
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	e, err := octet.Evaluate(context.Background(), model, dataset.Limit(source, 200))
	if err != nil {
		log.Fatal(err)
	}
	labels, _ := model.Labels()
	fmt.Println(e.Inputs, "images,", len(e.Skipped), "skipped;", e.Top1Percent() > 80, labels[8], e.Classes[8].Top1 > 10)
	// Output: 200 images, 0 skipped; true Bag true
}

func ExamplePreset() {
	p, err := octet.Preset("imagenet")
	fmt.Println(p.Resize, p.Crop, err)
	// Output: [256] [224 224] <nil>
}

// Quantization-aware training starts from a calibrated model, and gives one that
// computes what was trained.
func ExampleTrainQuantized() {
	ctx := context.Background()
	model, err := octet.Open("cmd/octet/demodata/fashion_mobilenet.pth")
	if err != nil {
		log.Fatal(err)
	}
	data, err := octet.LabelledData(ctx, model, "cmd/octet/demodata/calibration-images-idx3-ubyte.gz")
	if err != nil {
		log.Fatal(err)
	}
	defer data.Source.Close()
	recipe := train.DefaultQAT()
	recipe.Steps, recipe.BatchSize = 6, 16
	t, err := octet.TrainQuantized(model, data, recipe, octet.WithBackend(octet.QNNPACK), octet.WithPerTensorWeights())
	if err != nil {
		log.Fatal(err)
	}
	few := octet.Inputs(ctx, model, "cmd/octet/demodata/calibration-images-idx3-ubyte.gz")
	if _, err := t.Calibrate(ctx, few); err != nil {
		log.Fatal(err)
	}
	t.OnStep = func(p train.Progress) { fmt.Println(p.Step, p.Phase) }
	if err := t.Run(ctx); err != nil {
		log.Fatal(err)
	}
	int8, report, err := t.Int8()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(int8.Arch(), int8.Backend(), "layers in float:", report.FloatNodes)
	// Output:
	// 1 observing
	// 2 observing
	// 3 observing
	// 4 observers frozen
	// 5 batch norms frozen
	// 6 batch norms frozen
	// fashion_mobilenet qnnpack layers in float: 0
}

// A calibration costs most of the time of quantizing. It serves several recipes, and
// may be kept in a file with Write.
func ExampleCalibrate() {
	ctx := context.Background()
	model, err := octet.Open("cmd/octet/demodata/fashion_resnet8.pth")
	if err != nil {
		log.Fatal(err)
	}
	calibration, err := octet.Calibrate(ctx, model, octet.Inputs(ctx, model, "cmd/octet/demodata/calibration-images-idx3-ubyte.gz"), octet.WithLimit(32))
	if err != nil {
		log.Fatal(err)
	}
	for _, backend := range []octet.Backend{octet.FBGEMM, octet.QNNPACK} {
		int8, report, err := octet.Convert(model, calibration, octet.WithBackend(backend))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(int8.Backend(), report.Images, report.Int8Nodes > 0)
	}
	// Output:
	// fbgemm 32 true
	// qnnpack 32 true
}
