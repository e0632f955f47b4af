// Command ortcompat runs an ONNX model through the interface of github.com/yalue/onnxruntime_go: the
// import line is all that differs from a program that needs cgo and a shared library.
//
//	go run ./examples/ortcompat model.onnx
package main

import (
	"fmt"
	"io"
	"os"

	ort "github.com/octet-ml/octet/ortcompat"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out io.Writer, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: ortcompat MODEL.onnx")
	}
	if err := ort.InitializeEnvironment(); err != nil {
		return err
	}
	defer ort.DestroyEnvironment()

	inputs, outputs, err := ort.GetInputOutputInfo(args[0])
	if err != nil {
		return err
	}
	var inputNames, outputNames []string
	var in []ort.Value
	for _, info := range inputs {
		shape := info.Dimensions.Clone()
		for i, n := range shape {
			shape[i] = max(n, 1) // -1 is any size
		}
		x, err := ort.NewEmptyTensor[float32](shape)
		if err != nil {
			return err
		}
		defer x.Destroy()
		inputNames, in = append(inputNames, info.Name), append(in, x)
	}
	for _, info := range outputs {
		outputNames = append(outputNames, info.Name)
	}
	session, err := ort.NewDynamicAdvancedSession(args[0], inputNames, outputNames, nil)
	if err != nil {
		return err
	}
	defer session.Destroy()

	results := make([]ort.Value, len(outputNames)) // nil: the session makes them
	if err := session.Run(in, results); err != nil {
		return err
	}
	for i, y := range results {
		fmt.Fprintf(out, "%s: %v %v\n", outputNames[i], y.DataType(), y.GetShape())
		if err := y.Destroy(); err != nil {
			return err
		}
	}
	return nil
}
