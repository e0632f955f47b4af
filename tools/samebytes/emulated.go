package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/vision"
)

// emulated compares this machine with CPUs that qemu is.
type emulated struct {
	qemu string
	cpus []string
	seed uint64
	edge int

	markdown string // file for a table; "" for none
}

// presets are rules of arithmetic: those of PyTorch's engines, and those of ONNX files of others.
var presets = []string{"fbgemm", "qnnpack", "onednn", "onnx"}

func (e emulated) compare(archs []string) error {
	dir, err := os.MkdirTemp("", "samebytes-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "samebytes")
	build := exec.Command("go", "build", "-o", binary, "./tools/samebytes")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("samebytes for arm64: %w\n%s", err, text)
	}
	compared, different := 0, 0
	for _, arch := range archs {
		r := &row{arch: arch, edge: e.edge, seed: e.seed, same: make([]int, len(presets)), all: make([]int, len(presets))}
		for i, preset := range presets {
			file, err := e.model(dir, arch, preset)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", arch, preset, err)
			}
			var want bytes.Buffer
			if err := printDigest(&want, file, e.seed, e.edge); err != nil {
				return fmt.Errorf("%s, %s: %w", arch, preset, err)
			}
			for _, cpu := range e.cpus {
				got, err := exec.Command(e.qemu, "-cpu", cpu, binary, "-digest", file,
					"-seed", strconv.FormatUint(e.seed, 10), "-edge", strconv.Itoa(e.edge)).CombinedOutput()
				if err != nil {
					return fmt.Errorf("%s, %s as %s: %w\n%s", arch, preset, cpu, err, got)
				}
				r.add(i, want.Bytes(), got)
				compared++
				if !bytes.Equal(got, want.Bytes()) {
					different++
					fmt.Printf("%s, %s: %s differs\nhere:\n%sthere:\n%s", arch, preset, cpu, want.Bytes(), got)
				}
			}
			fmt.Printf("%s, %s: %d of %d results are the same\n", arch, preset, r.same[i], r.all[i])
		}
		if err := e.writeTable(r); err != nil {
			return err
		}
	}
	fmt.Printf("%d comparisons, %d differ\n", compared, different)
	if different > 0 || compared == 0 {
		return fmt.Errorf("results depend on the CPU, or there were none")
	}
	return nil
}

// model writes an int8 file of an architecture.
func (e emulated) model(dir, arch, preset string) (string, error) {
	ctx := context.Background()
	m, err := octet.New(arch, 0, 0, e.seed)
	if err != nil {
		return "", err
	}
	backend := octet.Backend(preset)
	if preset == "onnx" {
		backend = octet.FBGEMM
	}
	m, _, err = octet.Quantize(ctx, m, octet.FromTensor(draw(e.seed, 4, e.edge)), octet.WithBackend(backend))
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, arch+"-"+preset+".pth")
	if err := m.Save(ctx, path); err != nil || preset != "onnx" {
		return path, err
	}
	// The file has images of one size.
	if m, err = octet.Open(path, octet.WithPreset(vision.ImageClassification(e.edge, e.edge))); err != nil {
		return "", err
	}
	path = filepath.Join(dir, arch+".onnx")
	if _, err := m.SaveONNX(ctx, path); err != nil {
		return "", err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	// A file of others does not say whose arithmetic it wants.
	key := []byte(octet.ONNXNumerics)
	if !bytes.Contains(data, key) {
		return "", fmt.Errorf("%s: %s is not in it", path, key)
	}
	return path, os.WriteFile(path, bytes.ReplaceAll(data, key, bytes.Repeat([]byte("x"), len(key))), 0o666)
}

// printDigest computes a file's results, and prints a hash of their bits for each number of
// threads and of images.
func printDigest(w io.Writer, file string, seed uint64, edge int) error {
	m, err := octet.Open(file)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "numerics %v\n", m.Graph().Numerics); err != nil {
		return err
	}
	for threads := 1; threads <= 3; threads++ {
		session, err := m.Compile(octet.WithThreads(threads))
		if err != nil {
			return err
		}
		for _, images := range []int{1, 8} {
			y, err := session.Run(context.Background(), draw(seed, images, edge))
			if err != nil {
				return err
			}
			hash := sha256.New()
			if err := binary.Write(hash, binary.LittleEndian, y.Float32s()); err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "threads %d, images %d: %x\n", threads, images, hash.Sum(nil)[:8]); err != nil {
				return err
			}
		}
	}
	return nil
}
