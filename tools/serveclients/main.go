// Command serveclients asks octet serve by the clients that people use, tritonclient and
// KServe's, each in a Python environment of its own with pinned packages, and compares every
// answer with that of octet run, to the bit.
//
//	go run ./tools/serveclients [-model FILE] [-input x.npy] [-name INPUT] [-python python3] FOLDER
//
// The environments are made in FOLDER and used again by the next run. Without -model it is the
// demo's network, on random numbers.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// clients are the scripts, and what they need.
var clients = []struct {
	script   string
	packages []string
}{
	{"triton.py", []string{"tritonclient[http,grpc]==2.73.0", "numpy==2.3.5"}},
	{"kserve_clients.py", []string{"kserve==0.21.0"}},
}

func main() {
	log.SetFlags(0)
	model := flag.String("model", "cmd/octet/demodata/fashion_resnet8.pth", "the model")
	input := flag.String("input", "", "its input, float32 in a .npy file; random numbers for the demo's network without it")
	name := flag.String("name", "x", "how the model calls its input")
	python := flag.String("python", "python3", "the Python that makes the environments")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("give a FOLDER for the environments")
	}
	if err := compare(flag.Arg(0), *model, *input, *name, *python); err != nil {
		log.Fatal(err)
	}
}

// compare runs the clients.
func compare(folder, model, input, name, python string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	octet, want := filepath.Join(folder, "octet"), filepath.Join(folder, "y.npy")
	if err := command("go", "build", "-o", octet, "./cmd/octet"); err != nil {
		return err
	}
	if input == "" {
		input = filepath.Join(folder, "x.npy")
		if err := random(input); err != nil {
			return err
		}
	}
	if err := command(octet, "run", model, "--input", input, "--output", want); err != nil {
		return err
	}
	server := exec.Command(octet, "serve", model, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--admin", "")
	logs, err := server.StderrPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer server.Process.Kill()
	http, grpc, err := ready(logs)
	if err != nil {
		return err
	}
	stem := strings.TrimSuffix(filepath.Base(model), filepath.Ext(model))
	for _, c := range clients {
		env := filepath.Join(folder, strings.TrimSuffix(c.script, ".py"))
		bin := filepath.Join(env, "bin", "python")
		if _, err := os.Stat(bin); err != nil {
			if err := command(python, "-m", "venv", env); err != nil {
				return err
			}
		}
		if err := command(bin, append([]string{"-m", "pip", "install", "--quiet"}, c.packages...)...); err != nil {
			return err
		}
		if err := command(bin, filepath.Join("tools", "serveclients", c.script), http, grpc, stem, name, input, want); err != nil {
			return err
		}
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := server.Wait(); err != nil {
		return fmt.Errorf("the server did not end well: %w", err)
	}
	return nil
}

// command runs a program and shows what it prints.
func command(name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(c.Args, " "), err)
	}
	return nil
}

// random writes input of the demo's network.
func random(path string) error {
	x := tensor.New(tensor.Float32, 5, 1, 28, 28)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := npy.Write(f, x); err != nil {
		return err
	}
	return f.Close()
}

// ready reads a server's log until it is ready, and returns its addresses.
func ready(logs io.Reader) (http, grpc string, err error) {
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		var line struct{ Msg, HTTP, GRPC, Error string }
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.Error != "" {
			return "", "", fmt.Errorf("the server says: %s", lines.Text())
		}
		switch line.Msg {
		case "listening":
			http, grpc = line.HTTP, line.GRPC
		case "ready":
			go io.Copy(io.Discard, logs)
			return http, grpc, nil
		}
	}
	return "", "", fmt.Errorf("the server ended before it was ready: %w", lines.Err())
}
