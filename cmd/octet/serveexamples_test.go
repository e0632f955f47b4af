package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// serveExample reads a file of examples/serve.
func serveExample(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../examples/serve", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	exampleArgs  = regexp.MustCompile(`(?m)^ *args: (\[.*\])$`)
	exampleProbe = regexp.MustCompile(`path: (/v2/[^,}]+)`)
	exampleStart = regexp.MustCompile(`(?m)^ExecStart=/usr/bin/octet (.*)$`)
)

// startExample runs the command line of an example, on free ports, with one model and no delay,
// and asks the paths that are its probes.
func startExample(t *testing.T, args []string, paths ...string) {
	t.Helper()
	_, model, _, _ := demoFolder(t)
	instead := map[string]string{
		":8080": "127.0.0.1:0", ":8081": "127.0.0.1:0", ":8082": "127.0.0.1:0", "127.0.0.1:8082": "127.0.0.1:0",
		"/models": model, "/mnt/models": model, "/srv/octet/models": model, "5s": "5ms",
	}
	if len(args) == 0 || args[0] != "serve" {
		t.Fatalf("%q does not serve", args)
	}
	replaced := 0
	for i, a := range args {
		if own, ok := instead[a]; ok {
			args[i] = own
			replaced++
		}
	}
	if replaced < 4 { // the models and three ports
		t.Fatalf("%q: ports and models are not those that this test replaces", args)
	}
	s := serving(t, args[1:]...)
	for _, path := range paths {
		if status, body := get(t, "http://"+s.http+path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body := get(t, "http://"+s.admin+"/metrics"); status != http.StatusOK || !strings.Contains(body, "octet_ready 1") {
		t.Errorf("metrics: %d %.200s", status, body)
	}
	s.stop()
	if code := <-s.code; code != 0 {
		t.Errorf("it ended with code %d:\n%s", code, s.log)
	}
	s.code <- 0 // for the cleanup
}

// TestServeExamples runs what examples/serve starts in containers.
func TestServeExamples(t *testing.T) {
	for _, name := range []string{"deployment.yaml", "kserve.yaml"} {
		t.Run(name, func(t *testing.T) {
			text := serveExample(t, name)
			found := exampleArgs.FindStringSubmatch(text)
			var args []string
			if found == nil || json.Unmarshal([]byte(found[1]), &args) != nil {
				t.Fatalf("it has no line of args: %q", found)
			}
			var paths []string
			for _, m := range exampleProbe.FindAllStringSubmatch(text, -1) {
				paths = append(paths, m[1])
			}
			if len(paths) != 2 {
				t.Fatalf("probes %q, and there should be those of live and of ready", paths)
			}
			startExample(t, args, paths...)
		})
	}
}

// TestServeUnit runs what the unit of systemd starts, and lets systemd look at the unit.
func TestServeUnit(t *testing.T) {
	text := serveExample(t, "octet.service")
	found := exampleStart.FindStringSubmatch(text)
	if found == nil {
		t.Fatal("it has no ExecStart of /usr/bin/octet")
	}
	startExample(t, strings.Fields(found[1]), "/v2/health/ready")
	version := 0
	if out, err := exec.Command("systemd-analyze", "--version").Output(); err == nil {
		fmt.Sscanf(string(out), "systemd %d", &version)
	}
	if version < 250 { // the first that judges a file
		t.Logf("systemd-analyze 250 is not here, but %d: it was not asked", version)
		return
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "octet.service")
	if err := os.WriteFile(unit, []byte(strings.Replace(text, "/usr/bin/octet", program, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	// The threshold is of an exposure from 0 to 10, in tenths.
	for _, args := range [][]string{{"verify", "--man=no", unit}, {"security", "--offline=yes", "--threshold=15", unit}} {
		if out, err := exec.Command("systemd-analyze", args...).CombinedOutput(); err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}
