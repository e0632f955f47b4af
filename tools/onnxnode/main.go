// Command onnxnode runs ONNX's backend node tests and counts those that pass:
//
//	python tools/onnxnode/cases.py cases.zip
//	go run ./tools/onnxnode cases.zip                  on the engine and on the reference
//	go run ./tools/onnxnode -run 'trilu|eyelike' cases.zip
//	go run ./tools/onnxnode -list docs/onnx-tests.md cases.zip
//
// Tests that are outside of scope are run where they have tensors, and counted apart.
package main

import (
	"archive/zip"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/octet-ml/octet"
)

// patience is how long a test may take.
const patience = time.Minute

// engines are what computes, by name.
var engines = map[string][]octet.CompileOption{"engine": nil, "reference": {octet.WithReference()}}

// result is what became of a test.
type result struct {
	name, operator string
	out            string // why it is outside of scope, empty where it is not
	failed         string // why, empty where it passed
}

func main() {
	log.SetFlags(0)
	match := flag.String("run", "", "regular expression of names of tests")
	list := flag.String("list", "", "write the `FILE` that lists tests outside of scope and those that fail")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("one archive is expected: python tools/onnxnode/cases.py cases.zip makes it")
	}
	wanted, err := regexp.Compile(*match)
	if err != nil {
		log.Fatalf("-run: %v", err)
	}
	results, err := runArchive(context.Background(), flag.Arg(0), wanted)
	if err != nil {
		log.Fatal(err)
	}
	s := summarize(results)
	s.print(os.Stdout)
	if *list == "" {
		return
	}
	if list := s.unexplained(); len(list) > 0 {
		log.Fatalf("-list: %s has no reason in reasons.go", list[0].name)
	}
	if err := os.WriteFile(*list, []byte(s.document()), 0o666); err != nil {
		log.Fatal(err)
	}
}

// runArchive runs the tests of an archive whose names match, in its order.
func runArchive(ctx context.Context, path string, wanted *regexp.Regexp) ([]result, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	folder, err := os.MkdirTemp("", "onnxnode")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	var chosen []*zip.File
	for _, f := range archive.File {
		if wanted.MatchString(f.Name) {
			chosen = append(chosen, f)
		}
	}
	results, errs := make([]result, len(chosen)), make([]error, len(chosen))
	var wait sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, f := range chosen {
		wait.Add(1)
		room <- struct{}{}
		go func() {
			defer wait.Done()
			results[i], errs[i] = runMember(ctx, f, fmt.Sprintf("%s/%d.onnx", folder, i))
			<-room
		}()
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// runMember runs the test of a member, or notes why it has none.
func runMember(ctx context.Context, f *zip.File, path string) (result, error) {
	if name, out, ok := strings.Cut(f.Name, ".out/"); ok {
		operator, err := content(f)
		return result{name: name, operator: string(operator), out: out, failed: "inputs or outputs are no tensors"}, err
	}
	data, err := content(f)
	if err != nil {
		return result{}, err
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		return result{}, err
	}
	defer os.Remove(path)
	c, err := readCase(path)
	if err != nil {
		// The file names what is not read: that is a failure of the test, and no other.
		return result{name: strings.TrimSuffix(f.Name, ".onnx"), operator: c.operator, out: c.out, failed: err.Error()}, nil
	}
	r := result{name: strings.TrimSuffix(f.Name, ".onnx"), operator: c.operator, out: c.out}
	for _, name := range []string{"engine", "reference"} {
		if why := c.run(ctx, engines[name]); why != nil {
			r.failed = strings.ReplaceAll(fmt.Sprintf("%s: %v", name, why), path, filepath.Base(f.Name))
			break
		}
	}
	return r, nil
}
