// Command arm64count counts the instructions of an inference on linux/arm64, without a board:
// it builds octet for arm64 and runs models in qemu's user mode, with a plugin that counts.
//
//	go run ./tools/arm64count
//	go run ./tools/arm64count -archs resnet18 -forms int8,float32 -cpus neoverse-n1 -top 20
//	go run ./tools/arm64count -archs "" cls.onnx:48,192
//
// An inference is what a process that has computed once does for another request, less what it
// does for an empty one, with one thread. Counts of vectors are exact; the whole varies with the
// machine's load, as Go's scheduler runs too, which limits leave out. The cores are cortex-a72
// (NEON alone), neoverse-n1 (dot product), neoverse-v1 and max (I8MM, and for others than octet SVE,
// with vectors of 32 and 64 bytes); what they are called decides which instructions there are, not
// what they cost. No time follows from a count.
//
// With -ort ONNX Runtime computes the same models, written as ONNX files in QDQ form.
//
// It needs a C compiler and Debian's qemu-user: the static qemu has no plugins.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

type options struct {
	archs, forms, cpus, qemu, binary, dir, json, markdown, ort, limits string

	edge, top, runs int
	accept          bool
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.archs, "archs", "mobilenet_v2,mobilenet_v3_large,resnet18,resnet50", "architectures, with random weights")
	flag.StringVar(&o.cpus, "cpus", "cortex-a72,neoverse-n1,max", "cores: qemu's names, or neoverse-v1")
	flag.IntVar(&o.edge, "edge", 224, "height and width of the architectures' images")
	flag.StringVar(&o.forms, "forms", "int8", "int8, float32 or both, with a comma between")
	flag.StringVar(&o.dir, "dir", "", "folder to make the models in, where they are found the next time")
	flag.StringVar(&o.binary, "octet", "", "octet, built for linux/arm64 before (default: it is built)")
	flag.StringVar(&o.qemu, "qemu", "qemu-aarch64", "qemu's user mode, of the dynamic package")
	flag.IntVar(&o.top, "top", 8, "functions to list of each model")
	flag.StringVar(&o.ort, "ort", "", "folder that ort.sh has filled: count ONNX Runtime too")
	flag.StringVar(&o.json, "json", "", "file of all figures; those of other models and cores stay in it")
	flag.StringVar(&o.markdown, "markdown", "", "file for a table")
	flag.IntVar(&o.runs, "runs", 1, "inferences to count; the figures are of one")
	flag.StringVar(&o.limits, "limits", "", "file of counts that may not be exceeded by more than 1 %")
	flag.BoolVar(&o.accept, "accept", false, "write that file")
	flag.Parse()
	if err := o.count(flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func (o *options) count(files []string) error {
	dir, err := os.MkdirTemp("", "arm64count-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.dir == "" {
		o.dir = dir
	}
	emulator, err := newEmulator(o.qemu, dir)
	if err != nil {
		return err
	}
	if o.binary == "" {
		o.binary = filepath.Join(dir, "octet")
		if err := build(o.binary); err != nil {
			return err
		}
	}
	functions, err := readFunctions(o.binary)
	if err != nil {
		return err
	}
	loads, err := o.workloads(files)
	if err != nil {
		return err
	}
	var results []result
	for _, w := range loads {
		for _, core := range strings.Split(o.cpus, ",") {
			p, err := o.inference(emulator, functions, core, w)
			if err != nil {
				return err
			}
			r := newResult(w.name, core, p, o.top)
			if o.ort != "" {
				theirs, err := peer{o.ort}.inference(emulator, core, w)
				if err != nil {
					return err
				}
				r.ORT = &theirs
			}
			results = append(results, r)
			fmt.Println(r)
			if err := writeFigures(results, o.json, o.markdown); err != nil {
				return err
			}
		}
	}
	return checkLimits(results, o.limits, o.accept)
}

// workloads are the models of the command line.
func (o *options) workloads(files []string) ([]workload, error) {
	var list []workload
	for _, arch := range strings.FieldsFunc(o.archs, func(r rune) bool { return r == ',' }) {
		models, err := makeModels(o.dir, arch, o.edge)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", arch, err)
		}
		for _, w := range models {
			if slices.Contains(strings.Split(o.forms, ","), w.form) {
				list = append(list, w)
			}
		}
	}
	for _, f := range files {
		list = append(list, given(f))
	}
	return list, nil
}

func build(binary string) error {
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/octet")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("octet for arm64: %w\n%s", err, text)
	}
	return nil
}

// inference counts one inference of w.
func (o *options) inference(e *emulator, f *functions, core string, w workload) (*profile, error) {
	// One thread, and no collection that falls into one process and not into the other.
	env := []string{"-E", "GOMAXPROCS=1", "-E", "GOGC=off", "-E", "GODEBUG=asyncpreemptoff=1"}
	program := []string{o.binary, "bench-worker", "--quiet", "--threads", "1"}
	if w.size != "" {
		program = append(program, "--size", w.size)
	}
	p := &profile{}
	for i, sign := range []int64{-1, 1} {
		// The plugin counts from the answer to the first request to that to the second.
		requests := fmt.Sprintf("{\"run\": 0}\n{\"run\": %d}\n", i*o.runs)
		blocks, err := e.run(core, env, requests, append(program, w.path)...)
		if err != nil {
			return nil, err
		}
		p.add(f, sign, blocks)
	}
	p.divide(int64(o.runs))
	return p, nil
}
