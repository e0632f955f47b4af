// Command pt2 compares octet with PyTorch on the programs that tools/pt2/make.py has written, or the
// TorchScript files of tools/pt2/scripts.py:
//
//	python tools/pt2/make.py FOLDER
//	go run ./tools/pt2 FOLDER [NAME …]
//
// It prints, for each network, the largest difference of an output over the largest number in it,
// or why the program is refused, and fails where a difference is larger than allowed. Of networks
// that torch.ao has converted it demands the numbers that octet computes with their state dict,
// bit by bit, and prints by how much PyTorch's differ.
//
// With -codes it compares the codes of the programs that tools/pt2/quantized.py has written, node by node;
// with -damaged it opens damaged files: go run ./tools/pt2 -damaged pt2/testdata COUNT SEED
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// allowed is the difference of two float32 results of the same network, in another order of sums,
// relative to the largest number.
const allowed = 1e-4

func main() {
	ofCodes := flag.Bool("codes", false, "compare the codes of quantized.py's programs")
	ofDamage := flag.Bool("damaged", false, "open COUNT files of a folder of archives, with damage drawn from SEED")
	flag.Parse()
	if flag.NArg() < 1 {
		fmt.Fprintln(os.Stderr, "usage: pt2 [-codes] FOLDER [NAME …], or pt2 -damaged FOLDER COUNT SEED")
		os.Exit(2)
	}
	do := run
	if *ofCodes {
		do = codes
	}
	if *ofDamage {
		do = damaged
	}
	if err := do(flag.Arg(0), flag.Args()[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folder string, only []string) error {
	data, err := os.ReadFile(filepath.Join(folder, "networks.json"))
	if err != nil {
		return err
	}
	var networks map[string]network
	if err := json.Unmarshal(data, &networks); err != nil {
		return err
	}
	var names []string
	for name, n := range networks {
		if n.Runs > 0 && (len(only) == 0 || slices.Contains(only, name)) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	same, refused, wrong := 0, 0, 0
	for _, name := range names {
		worst, err := networks[name].compare(folder, name)
		switch {
		case err != nil:
			refused++
			fmt.Printf("%-30s refused: %s\n", name, strings.ReplaceAll(err.Error(), "\n", "\n    "))
		case worst <= allowed || networks[name].State != "" && !math.IsInf(worst, 1):
			same++
			fmt.Printf("%-30s %.2g\n", name, worst)
		default:
			wrong++
			fmt.Printf("%-30s WRONG: %.2g\n", name, worst)
		}
	}
	fmt.Printf("%d networks: %d as PyTorch computes them, %d refused, %d wrong\n", len(names), same, refused, wrong)
	if wrong > 0 {
		return fmt.Errorf("%d networks are wrong", wrong)
	}
	return nil
}

// network is a line of networks.json.
type network struct {
	Runs  int    `json:"runs"`
	File  string `json:"file"`  // NAME.pt2 where it is empty
	State string `json:"state"` // the state dict of one that torch.ao has converted
	Arch  string `json:"arch"`
	Shape []int  `json:"shape"` // of the input, where code asks for it
}

func compiled(path string, opts ...octet.OpenOption) (*octet.Session, error) {
	m, err := octet.Open(path, opts...)
	if err != nil {
		return nil, err
	}
	return m.Compile()
}

// compare returns the largest difference in all runs of one network; infinite where one that was
// converted differs from its state dict.
func (w network) compare(folder, name string) (worst float64, err error) {
	file := w.File
	if file == "" {
		file = name + ".pt2"
	}
	var opts []octet.OpenOption
	if w.Shape != nil {
		opts = append(opts, octet.WithShape("x", w.Shape...))
	}
	session, err := compiled(filepath.Join(folder, file), opts...)
	if err != nil {
		return 0, err
	}
	var state *octet.Session
	if w.State != "" {
		if state, err = compiled(filepath.Join(folder, w.State), octet.WithArch(w.Arch)); err != nil {
			return 0, err
		}
	}
	for run := range w.Runs {
		read := func(kind string, i int) (*tensor.Tensor, error) {
			return npy.ReadFile(filepath.Join(folder, fmt.Sprintf("%s.%d.%s%d.npy", name, run, kind, i)))
		}
		x, err := read("x", 0)
		if err != nil {
			return 0, err
		}
		results, err := session.RunAll(context.Background(), x)
		if err != nil {
			return 0, err
		}
		if state != nil {
			want, err := state.Run(context.Background(), x)
			if err != nil {
				return 0, err
			}
			if !slices.Equal(want.Bytes(), results[0].Bytes()) {
				fmt.Printf("%-30s differs from its state dict by %.2g\n", name, difference(want, results[0]))
				return math.Inf(1), nil
			}
		}
		for i, got := range results {
			want, err := read("y", i)
			if err != nil {
				return 0, err
			}
			worst = max(worst, difference(want, got))
		}
	}
	return worst, nil
}

// difference is the largest one of two elements over the largest element; infinite where shapes
// differ or one is NaN.
func difference(want, got *tensor.Tensor) float64 {
	if !want.Shape().Equal(got.Shape()) || want.DType() != tensor.Float32 || got.DType() != tensor.Float32 {
		return math.Inf(1)
	}
	largest, apart := 0.0, 0.0
	for i, w := range want.Float32s() {
		d := math.Abs(float64(got.Float32s()[i] - w))
		if math.IsNaN(d) && got.Float32s()[i] != w && !(w != w && got.Float32s()[i] != got.Float32s()[i]) {
			return math.Inf(1)
		}
		if !math.IsNaN(d) {
			apart = max(apart, d)
		}
		largest = max(largest, math.Abs(float64(w)))
	}
	if apart == 0 {
		return 0
	}
	return apart / largest
}
