package octet_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// runOnly opens a model, runs it, and does nothing else.
const runOnly = `package main

import (
	"context"
	"fmt"
	"os"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
)

func main() {
	model, err := octet.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	session, err := model.Compile()
	if err != nil {
		panic(err)
	}
	fmt.Println(session.Run(context.Background(), tensor.New(tensor.Float32, 1, 3, 224, 224)))
}
`

// runOnlyBytes bounds the size of that program without its symbols: some 9.9 MB, of which
// every operator and importer takes its part, and TorchScript's code and pickles 0.4 MB.
const runOnlyBytes = 10_000_000

// TestWhatARunOnlyProgramLinks: neither training nor quantizing, downloads or reports.
func TestWhatARunOnlyProgramLinks(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	folder := t.TempDir()
	source := filepath.Join(folder, "main.go")
	if err := os.WriteFile(source, []byte(runOnly), 0o644); err != nil {
		t.Fatal(err)
	}
	build := func(arg ...string) string {
		t.Helper()
		c := exec.Command("go", append(arg, source)...)
		c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOFLAGS=")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", c.Args, err, out)
		}
		return string(out)
	}
	for _, dep := range strings.Fields(build("list", "-deps")) {
		switch {
		case dep == "net", strings.HasPrefix(dep, "net/"), dep == "crypto/tls", dep == "text/template", dep == "html/template",
			strings.HasPrefix(dep, "google.golang.org/grpc"), strings.HasPrefix(dep, "github.com/prometheus/"), strings.Contains(dep, "octet/serve"),
			strings.HasSuffix(dep, "octet/hub"), strings.HasSuffix(dep, "octet/internal/report"), strings.Contains(dep, "octet/cmd/"):
			t.Errorf("the program imports %s", dep)
		}
	}

	full := filepath.Join(folder, "full")
	build("build", "-trimpath", "-o", full)
	f, err := elf.Open(full)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	ran := false
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) != elf.STT_FUNC {
			continue
		}
		ran = ran || strings.Contains(s.Name, "octet/engine.(*Session)")
		for _, forbidden := range []string{
			"octet/train.", "octet/internal/autodiff.", "octet/internal/qat.", "octet/internal/fakequant.", "octet/internal/timing.",
			"octet/internal/compare.", "octet/ptq.", "regexp.", "regexp/syntax.", "math/big.",
		} {
			name := strings.TrimPrefix(s.Name, "github.com/octet-ml/")
			if rest, ok := strings.CutPrefix(name, forbidden); ok && !strings.HasPrefix(rest, "init") {
				t.Errorf("the program links %s", s.Name)
			}
		}
	}
	if !ran {
		t.Fatal("the program does not link what runs models: the test looks for names that have changed")
	}

	stripped := filepath.Join(folder, "stripped")
	build("build", "-trimpath", "-ldflags=-s -w", "-o", stripped)
	info, err := os.Stat(stripped)
	if err != nil {
		t.Fatal(err)
	}
	if t.Logf("%d bytes", info.Size()); info.Size() > runOnlyBytes {
		t.Errorf("a program that only runs models has %d bytes, more than %d: see what it links (go build -ldflags=-dumpdep)", info.Size(), runOnlyBytes)
	}
}

// TestWhatTheCoreOfServersLinks: package serve knows no transport, and `octet stdio` is one beside
// those of `octet serve`.
func TestWhatTheCoreOfServersLinks(t *testing.T) {
	for of, forbidden := range map[string][]string{
		"./serve":                    {"net", "net/http", "google.golang.org/grpc", "github.com/prometheus/client_golang/prometheus"},
		"./cmd/octet/internal/stdio": {"google.golang.org/grpc", "github.com/prometheus/client_golang/prometheus"},
	} {
		out, err := exec.Command("go", "list", "-deps", of).Output()
		if err != nil {
			t.Fatal(err)
		}
		deps := strings.Fields(string(out))
		if !slices.Contains(deps, "github.com/octet-ml/octet/serve") {
			t.Errorf("%s does not use package serve", of)
		}
		for _, dep := range forbidden {
			if slices.Contains(deps, dep) {
				t.Errorf("%s links %s", of, dep)
			}
		}
	}
}

// commandBytes bounds the size of the released command without its symbols: some 34.5 MB, of which
// the demo's files are 7.2, gRPC 4.7, Prometheus 0.7, and what reads S3 0.4.
const commandBytes = 34_600_000

// TestSizeOfTheCommand: as tools/release builds it.
func TestSizeOfTheCommand(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	path := filepath.Join(t.TempDir(), "octet")
	c := exec.Command("go", "build", "-tags", "grpcnotrace", "-trimpath", "-ldflags=-s -w", "-o", path, "./cmd/octet")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOFLAGS=")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", c.Args, err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if t.Logf("%d bytes", info.Size()); info.Size() > commandBytes {
		t.Errorf("the command has %d bytes, more than %d: see what it links (go build -ldflags=-dumpdep)", info.Size(), commandBytes)
	}
}
