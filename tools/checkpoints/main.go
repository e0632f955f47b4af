// Command checkpoints opens what make.py has made with octet, without a flag, and
// compares the logits with PyTorch's. A file that octet refuses passes when the
// error has at most 25 lines and its last line is a command that works: the command
// is run, and what it saves or prints is opened in turn.
//
//	go run ./tools/checkpoints -octet ./octet -python venv/bin FOLDER
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

const (
	longestError = 25   // lines
	tolerance    = 1e-5 // of the largest logit: sums in another order
)

func main() {
	log.SetFlags(0)
	binary := flag.String("octet", "octet", "the binary")
	python := flag.String("python", "", "folder of the python that commands in errors mean; empty: that of PATH")
	project := flag.String("project", "tools/checkpoints", "folder of the Python code that whole models need")
	saves := flag.Bool("save", false, "save the int8 model that a file becomes instead: IN.pth OUT.pth ARCH BACKEND")
	flag.Parse()
	if *saves {
		if err := save(flag.Args()); err != nil {
			log.Fatal(err)
		}
		return
	}
	if flag.NArg() != 1 {
		log.Fatal("one folder, made by make.py, is expected")
	}
	t, err := newTester(*binary, *python, *project)
	if err != nil {
		log.Fatal(err)
	}
	kinds, err := os.ReadDir(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	failed := 0
	checked := 0
	for _, kind := range kinds {
		if !kind.IsDir() {
			continue
		}
		checked++
		what, err := t.check(filepath.Join(flag.Arg(0), kind.Name()))
		if err != nil {
			failed++
			what = "FAILED: " + err.Error()
		}
		fmt.Printf("%-28s %s\n", kind.Name(), what)
	}
	fmt.Printf("%d checkpoints, %d failed\n", checked, failed)
	if failed > 0 || checked == 0 {
		os.Exit(1)
	}
}

// tester runs the binary.
type tester struct {
	octet string
	env   []string // with octet and python in PATH
}

func newTester(binary, python, project string) (*tester, error) {
	path, err := exec.LookPath(binary)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err == nil {
		project, err = filepath.Abs(project)
	}
	if err != nil {
		return nil, err
	}
	if python != "" {
		if python, err = filepath.Abs(python); err != nil {
			return nil, err
		}
	}
	search := strings.Join([]string{filepath.Dir(path), python, os.Getenv("PATH")}, string(os.PathListSeparator))
	return &tester{path, append(os.Environ(), "PATH="+search, "PYTHONPATH="+project)}, nil
}

// check opens the checkpoint of one kind and says what came of it.
func (t *tester) check(folder string) (string, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	file, err := checkpointIn(folder)
	if err != nil {
		return "", err
	}
	work, err := os.MkdirTemp("", "checkpoints")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	message, err := t.run(work, file, folder)
	if err == nil {
		return t.compare(work, folder)
	}
	lines := strings.Split(strings.TrimSpace(message), "\n")
	if len(lines) > longestError {
		return "", fmt.Errorf("an error of %d lines; its first: %s", len(lines), lines[0])
	}
	return t.follow(work, folder, strings.TrimSpace(lines[len(lines)-1]))
}

// follow runs the command that ends an error.
func (t *tester) follow(work, folder, command string) (string, error) {
	first, _, _ := strings.Cut(command, " ")
	if first != "octet" && first != "python" {
		return "", fmt.Errorf("the error ends in no command: %s", command)
	}
	c := exec.Command("sh", "-c", command)
	c.Dir, c.Env = work, t.env
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", command, err, out)
	}
	saved := filepath.Join(work, "model_state.pth")
	if _, err := os.Stat(saved); err != nil {
		return "refused; works: " + command, nil
	}
	if message, err := t.run(work, saved, folder); err != nil {
		return "", fmt.Errorf("what %q saves does not open: %s", command, message)
	}
	return "refused; what this saves opens: " + command, nil
}

// run computes the logits of a file, with the flags that lie beside it.
func (t *tester) run(work, file, folder string) (message string, err error) {
	flags, err := os.ReadFile(filepath.Join(folder, "flags.txt"))
	if err != nil && !os.IsNotExist(err) {
		return "", err
	}
	args := []string{"run", file, "--input", filepath.Join(filepath.Dir(folder), "input.npy"), "--output", filepath.Join(work, "logits.npy")}
	c := exec.Command(t.octet, append(args, strings.Fields(string(flags))...)...)
	c.Dir, c.Env = work, t.env
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err = c.Run()
	return out.String(), err
}

func (t *tester) compare(work, folder string) (string, error) {
	got, err := npy.ReadFile(filepath.Join(work, "logits.npy"))
	if err != nil {
		return "", err
	}
	want, err := npy.ReadFile(filepath.Join(folder, "logits.npy"))
	if os.IsNotExist(err) {
		return "", fmt.Errorf("opened, although the file does not say which of its models is meant")
	}
	if err != nil {
		return "", err
	}
	if !got.Shape().Equal(want.Shape()) {
		return "", fmt.Errorf("logits %v, PyTorch's are %v", got.Shape(), want.Shape())
	}
	off, largest := distance(got, want)
	if !(off <= tolerance*largest) {
		return "", fmt.Errorf("logits differ by %.3g of at most %.3g", off, largest)
	}
	what := fmt.Sprintf("opened; logits within %.1g of %.3g", off, largest)
	own, err := npy.ReadFile(filepath.Join(folder, "pytorch.npy"))
	switch {
	case os.IsNotExist(err):
		return what, nil
	case err != nil:
		return "", err
	}
	off, _ = distance(own, want)
	return fmt.Sprintf("%s, of exact sums; PyTorch's own are %.3g off, where its sums saturate", what, off), nil
}

// distance returns the largest difference of two tensors and the largest magnitude
// of the second.
func distance(got, want *tensor.Tensor) (off, largest float64) {
	for i, w := range want.Float32s() {
		off = math.Max(off, math.Abs(float64(got.Float32s()[i]-w)))
		largest = math.Max(largest, math.Abs(float64(w)))
	}
	return off, largest
}

// checkpointIn returns the one file of a folder that is no array and no flags.txt.
func checkpointIn(folder string) (string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".npy" && e.Name() != "flags.txt" {
			return filepath.Join(folder, e.Name()), nil
		}
	}
	return "", fmt.Errorf("%s holds no checkpoint", folder)
}
