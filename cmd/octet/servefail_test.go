package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/onnxtest"
)

// What an operator gets wrong has an exit code of its own, and is not to be reported.
func TestServeOperatorMistakes(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	short := filepath.Join(folder, "short")
	if err := os.WriteFile(short, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	missing := filepath.Join(folder, "nosuch")
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{exit.Model, "give model files", []string{missing}},
		{exit.Usage, "--http 127.0.0.1:99999: ", []string{model, "--http", "127.0.0.1:99999"}},
		{exit.Usage, "--http localhost: ", []string{model, "--http", "localhost"}},
		{exit.Usage, "--grpc " + busy.Addr().String(), []string{model, "--grpc", busy.Addr().String()}},
		{exit.Usage, "--admin x:y:z: ", []string{model, "--admin", "x:y:z"}},
		{exit.Data, "--token-file: ", []string{model, "--token-file", missing}},
		{exit.Data, "short, line 1: a token has 16 characters", []string{model, "--token-file", short}},
		{exit.Data, "--tls-cert ", []string{model, "--tls-cert", missing, "--tls-key", missing}},
	} {
		args := append([]string{"serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, c.args...)
		log := &lockedBuffer{}
		code := run(t.Context(), args, strings.NewReader(""), io.Discard, log)
		if text := log.String(); code != c.code || !strings.Contains(text, c.says) || strings.Contains(text, "please report") {
			t.Errorf("%q ended with code %d, want %d and %q:\n%s", c.args, code, c.code, c.says, text)
		}
	}
}

// Flags of a model hold for all: what they do not fit is refused by name, and the others are served.
func TestServeFlagsOfAllModels(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	file := filepath.Join(folder, "same.onnx")
	content := onnxtest.Model(onnxtest.Input("x", onnxtest.Float32, "N", 2), onnxtest.Output("y", onnxtest.Float32, "N", 2), onnxtest.Node("Neg", []string{"x"}, []string{"y"}))
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	s := &served{log: &lockedBuffer{}, stop: stop, code: make(chan int, 1)}
	go func() {
		s.code <- run(ctx, []string{"serve", model, file, "--arch", "fashion_resnet8", "--http", "127.0.0.1:0", "--grpc", "", "--admin", ""}, strings.NewReader(""), io.Discard, s.log)
	}()
	if line := s.has(t, "a model cannot be loaded"); line["model"] != "same" || !strings.Contains(fmt.Sprint(line["error"]), "arch") {
		t.Errorf("refused: %v", line)
	}
	s.http, _ = s.has(t, "listening")["http"].(string)
	s.has(t, "not ready")
	if status, body := get(t, "http://"+s.http+"/v2/models/fashion_resnet8/ready"); status != http.StatusOK {
		t.Errorf("the other model: %d %s", status, body)
	}
	if status, body := get(t, "http://"+s.http+"/v2/models/same/ready"); status != http.StatusServiceUnavailable || !strings.Contains(body, "arch") {
		t.Errorf("the model that the flag does not fit: %d %s", status, body)
	}
	stop()
	<-s.code
}
