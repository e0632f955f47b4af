// Command samebytes quantizes the same float models with two binaries of octet and
// compares the int8 files to the byte: a change of the structure changes none.
//
//	go run ./tools/samebytes -old ./octet-before -new ./octet
//
// For each architecture that torchvision has with quantize=True it draws parameters and
// calibration images from -seed, and quantizes for both backends, with histograms and
// with minimum and maximum.
//
//	go run ./tools/samebytes -cpus cortex-a72,neoverse-n1,max
//
// It is compiled for linux/arm64, too, and computes int8 models of all presets with one to
// three threads and one or eight images: here, and under qemu as each of these CPUs. The
// results must be the same to the bit.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

var archs = []string{
	"resnet18", "resnet50", "resnext101_32x8d", "resnext101_64x4d", "mobilenet_v2", "mobilenet_v3_large",
	"shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0",
	"googlenet", "inception_v3", "googlenet+transform_input", "inception_v3+transform_input",
}

func main() {
	log.SetFlags(0)
	before := flag.String("old", "", "the binary of before")
	after := flag.String("new", "", "the binary of now")
	only := flag.String("archs", strings.Join(archs, ","), "architectures, separated by commas")
	seed := flag.Uint64("seed", rand.Uint64(), "of parameters and images")
	edge := flag.Int("edge", 96, "height and width of the images")
	cpus := flag.String("cpus", "", "compare with these of qemu's CPUs for arm64, in place of two binaries")
	qemu := flag.String("qemu", "qemu-aarch64-static", "qemu's user mode")
	markdown := flag.String("markdown", "", "file with a table of the comparisons of CPUs; rows of other architectures stay in it")
	digested := flag.String("digest", "", "only print what the results of a file are, as the comparison of CPUs asks for")
	flag.Parse()
	if *digested != "" {
		if err := printDigest(os.Stdout, *digested, *seed, *edge); err != nil {
			log.Fatal(err)
		}
		return
	}
	if *cpus != "" {
		fmt.Printf("seed %d\n", *seed)
		e := emulated{qemu: *qemu, cpus: strings.Split(*cpus, ","), seed: *seed, edge: *edge, markdown: *markdown}
		if err := e.compare(strings.Split(*only, ",")); err != nil {
			log.Fatal(err)
		}
		return
	}
	if *before == "" || *after == "" || flag.NArg() > 0 {
		log.Fatal("name two binaries: samebytes -old FILE -new FILE")
	}
	fmt.Printf("seed %d\n", *seed)
	files, different := 0, 0
	for _, arch := range strings.Split(*only, ",") {
		same, total, err := check(arch, *before, *after, *seed, *edge)
		if err != nil {
			log.Fatalf("%s: %v", arch, err)
		}
		fmt.Printf("%-30s %d of %d files are the same\n", arch, same, total)
		files, different = files+total, different+total-same
	}
	fmt.Printf("%d files, %d differ\n", files, different)
	if different > 0 || files == 0 {
		os.Exit(1)
	}
}

// check quantizes one architecture by every recipe with both binaries.
func check(arch, before, after string, seed uint64, edge int) (same, total int, err error) {
	dir, err := os.MkdirTemp("", "samebytes-")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	float := filepath.Join(dir, "float.pth")
	m, err := octet.New(arch, 0, 0, seed)
	if err != nil {
		return 0, 0, err
	}
	if err := m.Save(context.Background(), float); err != nil {
		return 0, 0, err
	}
	images := filepath.Join(dir, "images.npy")
	if err := npy.WriteFile(images, draw(seed, 4, edge)); err != nil {
		return 0, 0, err
	}
	for _, backend := range []string{"fbgemm", "qnnpack"} {
		for _, qconfig := range []string{"default", "torchvision"} {
			var files [2][]byte
			for i, binary := range []string{before, after} {
				// One name for both: the file's records hold names.
				out := filepath.Join(dir, "int8.pth")
				cmd := exec.Command(binary, "quantize", float, "--arch", arch, "--backend", backend,
					"--qconfig", qconfig, "--calibration", images, "--batch-size", "2", "--output", out)
				if text, err := cmd.CombinedOutput(); err != nil {
					return same, total, fmt.Errorf("%s: %w\n%s", cmd, err, text)
				}
				if files[i], err = os.ReadFile(out); err != nil {
					return same, total, err
				}
				os.Remove(out)
			}
			total++
			if bytes.Equal(files[0], files[1]) {
				same++
			} else {
				fmt.Printf("%s, %s, %s: the files differ\n", arch, backend, qconfig)
			}
		}
	}
	return same, total, nil
}

// draw makes n images.
func draw(seed uint64, n, edge int) *tensor.Tensor {
	r := rand.New(rand.NewPCG(seed, 4))
	x := tensor.New(tensor.Float32, n, 3, edge, edge)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	return x
}
