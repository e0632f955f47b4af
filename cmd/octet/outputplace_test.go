package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/atomicfile"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// badPlace is a path nothing can be written to, with the exit code and words of the
// error and its hint.
type badPlace struct {
	name, path string
	says       []string
}

func badPlaces(t *testing.T, ending string) []badPlace {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(folder, "taken"+ending)
	if err := os.Mkdir(taken, 0o755); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(folder, "no", "such")
	places := []badPlace{
		{"no folder", filepath.Join(missing, "x"+ending), []string{"does not exist", "mkdir -p " + missing}},
		{"a folder", taken, []string{"it is a folder", "Name a file in it"}},
		{"below a file", filepath.Join(file, "x"+ending), []string{file + " is a file, not a folder", "Name a folder"}},
		{"too long", filepath.Join(folder, strings.Repeat("n", 300)+ending), []string{"cannot write", "another place"}},
	}
	if runtime.GOOS == "linux" {
		// Not even root may make files in these.
		places = append(places, badPlace{"a folder of the kernel", "/proc/x" + ending, []string{"cannot write /proc/x", "another place"}})
		if _, err := os.Stat("/dev/full"); err == nil && ending == "" {
			places = append(places, badPlace{"a full device", "/dev/full", []string{"/dev/full", "The disk is full"}})
		}
	}
	locked := filepath.Join(folder, "locked")
	os.Mkdir(locked, 0o555)
	if os.WriteFile(filepath.Join(locked, "probe"), nil, 0o644) != nil { // not so for root
		places = append(places, badPlace{"a locked folder", filepath.Join(locked, "x"+ending), []string{"permission denied", "You may not write there"}})
	}
	return places
}

// A result without a place is noticed before anything is opened: the model and the
// data of these command lines do not exist.
func TestOutputsAreTriedFirst(t *testing.T) {
	quantize := []string{"quantize", "no.pth", "--calibration", "no.npy"}
	training := func(name string, more ...string) []string {
		return append([]string{name, "no.pth", "--data", "no/"}, more...)
	}
	fine := filepath.Join(t.TempDir(), "fine.pth")
	commands := []struct {
		ending string
		args   []string // the path is appended
	}{
		{".pth", append(quantize, "--output")},
		{"", append(quantize, "--output")},
		{".json", append(quantize, "--output", fine, "--report")},
		{".json", append(quantize, "--output", fine, "--stats")},
		{".pth", training("qat", "--output")},
		{".pth", training("qat", "--output", fine, "--prepared")},
		{".html", training("qat", "--output", fine, "--html")},
		{".pth", training("train", "--output")},
		{".pth", training("train", "--output", fine, "--checkpoint")},
		{".jsonl", training("train", "--output", fine, "--metrics")},
		{".html", training("train", "--output", fine, "--html")},
		{".npy", []string{"run", "no.pth", "no.jpg", "--output"}},
		{"", []string{"run", "no.pth", "no.jpg", "--output"}},
		{".html", []string{"compare", "no.pth", "--calibration", "no.npy", "--html"}},
		{".md", []string{"compare", "no.pth", "--calibration", "no.npy", "--markdown"}},
		{".pth", []string{"advise", "no.pth", "--calibration", "no.npy", "--output"}},
		{".html", []string{"demo", "--qat", "--html"}},
	}
	for _, c := range commands {
		t.Run(c.args[0]+" "+c.args[len(c.args)-1]+c.ending, func(t *testing.T) {
			for _, p := range badPlaces(t, c.ending) {
				octetCommand(t, append(c.args[:len(c.args):len(c.args)], p.path)...).fails(t, exit.Output, p.says...)
			}
		})
	}
	if entries, _ := os.ReadDir(filepath.Dir(fine)); len(entries) > 0 {
		t.Errorf("trying left %v", entries)
	}
}

func TestFoldersAreTriedFirst(t *testing.T) {
	file := writeBytes(t, "file", []byte("x"))
	commands := [][]string{
		{"compare", "no.pth", "--calibration", "no.npy", "--keep"},
		{"demo", "--keep"},
	}
	for _, args := range commands {
		args = args[:len(args):len(args)]
		octetCommand(t, append(args, file)...).fails(t, exit.Output, "is a file, not a folder")
		octetCommand(t, append(args, filepath.Join(file, "deep", "folder"))...).fails(t, exit.Output, file+" is a file")
		if runtime.GOOS == "linux" {
			octetCommand(t, append(args, "/proc/octet/deep")...).fails(t, exit.Output, "cannot write into /proc/octet/deep", "another place")
		}
	}
}

func TestHintsFitTheError(t *testing.T) {
	for want, err := range map[string]error{
		"The disk is full":         &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC},
		"Free space there":         console.NewPlaceError(&atomicfile.SpaceError{Folder: "/x", Free: 1, Need: 2}, "Free space there, or write to another place."),
		"You may not write there":  fmt.Errorf("cannot write x: %w", os.ErrPermission),
		"read-only":                fmt.Errorf("cannot write x: %w", syscall.EROFS),
		"No partial file was left": errors.New("something else"),
	} {
		if got := console.HintOf(exit.Output, err); !strings.Contains(got, want) {
			t.Errorf("%v: the hint is %q", err, got)
		}
	}
}

// There must be room for all results in one folder together.
func TestRoomIsCounted(t *testing.T) {
	folder := t.TempDir()
	if err := atomicfile.Room(folder, 1<<60); err == nil {
		t.Skip("this system does not say how much room there is")
	}
	c := console.New(nil, &bytes.Buffer{}, &bytes.Buffer{})
	a, b := filepath.Join(folder, "a.pth"), filepath.Join(folder, "b.json")
	if err := c.Expect(console.Planned{Path: a, Bytes: 1000}, console.Planned{Path: b, Bytes: console.PageSize}); err != nil {
		t.Error(err)
	}
	err := c.Expect(console.Planned{Path: a, Bytes: 1 << 60}, console.Planned{Path: b, Bytes: 1 << 60})
	if exit.Code(err) != exit.Output || !strings.Contains(err.Error(), folder) || !strings.Contains(err.Error(), "GB free") {
		t.Errorf("%v", err)
	}
	if hint := console.HintOf(exit.Output, err); !strings.Contains(hint, "Free space") {
		t.Errorf("hint %q", hint)
	}
}

// A small file system that is nearly full is noticed before anything is computed.
func TestANearlyFullDisk(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	disk := filepath.Join(folder, "disk")
	os.Mkdir(disk, 0o755)
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "octet-test", disk).CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", disk).Run() })
	image := filepath.Join(folder, "int8.pth")
	octetCommand(t, "quantize", model, "--calibration", calibration, "--limit", "4", "--qconfig", "torchvision", "-o", image).must(t)
	for name, args := range map[string][]string{
		"quantize":  {"quantize", model, "--calibration", calibration, "-o", filepath.Join(disk, "o.pth")},
		"report":    {"quantize", model, "--calibration", calibration, "-o", image, "--report", filepath.Join(disk, "r.json")},
		"train":     {"train", model, "--data", calibration, "-o", filepath.Join(disk, "o.pth")},
		"qat":       {"qat", model, "--data", calibration, "-o", filepath.Join(disk, "o.pth")},
		"page":      {"compare", model, image, "--inputs", calibration, "--html", filepath.Join(disk, "p.html")},
		"keep":      {"compare", model, "--calibration", calibration, "--keep", filepath.Join(disk, "kept")},
		"advise":    {"advise", model, "--calibration", calibration, "-o", filepath.Join(disk, "o.pth")},
		"run":       {"run", image, "--input", grey(t, 3000), "-o", filepath.Join(disk, "y.npy")},
		"full disk": {"demo", "--qat", "--html", filepath.Join(disk, "p.html")},
	} {
		r := octetCommand(t, args...)
		r.fails(t, exit.Output, disk, "free; what shall be written there takes about", "Free space there")
		if strings.Contains(r.errOut, "calibrate:") || strings.Contains(r.errOut, "steps") {
			t.Errorf("%s: it was noticed late:\n%s", name, r.errOut)
		}
	}
}

func TestReplacingIsSaid(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	int8 := filepath.Join(folder, "int8.pth")
	quantize := []string{"quantize", model, "--calibration", calibration, "--limit", "4", "--qconfig", "torchvision", "--output", int8}
	const said = "will be replaced"
	if r := octetCommand(t, quantize...).must(t); strings.Contains(r.errOut, said) {
		t.Errorf("nothing was there:\n%s", r.errOut)
	}
	if r := octetCommand(t, quantize...).must(t); !strings.Contains(r.errOut, int8+" (") || !strings.Contains(r.errOut, said) {
		t.Errorf("not said:\n%s", r.errOut)
	}
	if r := octetCommand(t, append(quantize, "--quiet")...).must(t); strings.Contains(r.errOut, said) {
		t.Errorf("said with --quiet:\n%s", r.errOut)
	}
	var doc struct{ Replaced []string }
	if octetCommand(t, append(quantize, "--json")...).must(t).decode(t, &doc); len(doc.Replaced) != 1 || doc.Replaced[0] != int8 {
		t.Errorf("replaced are %v", doc.Replaced)
	}
	logits := filepath.Join(folder, "y.npy")
	os.WriteFile(logits, []byte("old"), 0o644)
	if r := octetCommand(t, "run", int8, "--input", grey(t, 2), "-o", logits).must(t); !strings.Contains(r.errOut, logits+" (3 B, of ") {
		t.Errorf("not said:\n%s", r.errOut)
	}
	page := filepath.Join(folder, "p.md")
	os.WriteFile(page, []byte("old"), 0o644)
	if r := octetCommand(t, "compare", model, int8, "--inputs", grey(t, 2), "--duration", "0s", "--markdown", page).must(t); !strings.Contains(r.errOut, page) {
		t.Errorf("not said:\n%s", r.errOut)
	}
}

// What the demo keeps replaces what an earlier one has kept, which is said.
func TestDemoSaysWhatItReplaces(t *testing.T) {
	keep := t.TempDir()
	was := filepath.Join(keep, "int8_qnnpack.pth")
	os.WriteFile(was, []byte("old"), 0o644)
	var doc struct{ Replaced []string }
	r := octetCommand(t, "demo", "--limit", "20", "--qconfig", "torchvision", "--keep", keep, "--json").must(t)
	if r.decode(t, &doc); len(doc.Replaced) != 1 || doc.Replaced[0] != was || !strings.Contains(r.errOut, was+" (3 B, of ") {
		t.Errorf("replaced are %v, and said is\n%s", doc.Replaced, r.errOut)
	}
}

// A command without arguments says in its own words what it needs, with an example.
func TestCommandsWithoutArguments(t *testing.T) {
	for command, says := range map[string]string{
		"quantize": "quantize needs FLOAT.{pth,onnx,pt2}, for example:\n  octet quantize ",
		"inspect":  "inspect needs MODEL, for example:\n  octet inspect ",
		"eval":     "eval needs ", "qat": "qat needs ", "bench": "bench needs ",
	} {
		octetCommand(t, command).fails(t, exit.Usage, says, "for example:\n  octet "+command+" ")
	}
}

func TestStreams(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	int8 := filepath.Join(folder, "int8.pth")
	quantize := []string{"quantize", model, "--calibration", calibration, "--limit", "4", "--qconfig", "torchvision", "--output"}
	octetCommand(t, append(quantize, int8)...).must(t)
	want, err := os.ReadFile(int8)
	if err != nil {
		t.Fatal(err)
	}
	r := octetCommand(t, append(quantize, "-")...).must(t)
	if r.out != string(want) {
		t.Errorf("%d bytes on standard output, the file has %d", len(r.out), len(want))
	}
	if !strings.Contains(r.errOut, "coverage") {
		t.Errorf("the summary is gone:\n%s", r.errOut)
	}
	x := grey(t, 3)
	y, err := npy.Read(strings.NewReader(octetCommand(t, "run", int8, "--input", x, "-o", "-").must(t).out))
	if err != nil || !y.Shape().Equal(tensor.Shape{3, 10}) {
		t.Errorf("run wrote %v, %v", y, err)
	}
	page := octetCommand(t, "compare", model, int8, "--inputs", x, "--duration", "0s", "--layer-inputs", "0", "--html", "-").must(t).out
	if !strings.HasPrefix(page, "<!") || !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
		t.Errorf("compare wrote %.80s", page)
	}
}

func TestStreamsThatMakeNoSense(t *testing.T) {
	_, model, calibration, _ := demoFolder(t)
	quantize := []string{"quantize", model, "--calibration", calibration, "--limit", "4", "--output"}
	for name, args := range map[string][]string{
		"--stats":      append(quantize, "x.pth", "--stats", "-"),
		"--report":     append(quantize, "x.pth", "--report", "-"),
		"--json":       append(quantize, "-", "--json"),
		"--checkpoint": {"train", model, "--data", "x", "--output", "x.pth", "--checkpoint", "-"},
		"--metrics":    {"train", model, "--data", "x", "--output", "x.pth", "--metrics", "-"},
		"--prepared":   {"qat", model, "--data", "x", "--output", "x.pth", "--prepared", "-"},
		"--output":     {"advise", model, "--calibration", calibration, "--output", "-"},
	} {
		octetCommand(t, args...).fails(t, exit.Usage, name, "file")
	}
	octetCommand(t, "compare", model, "--calibration", calibration, "--html", "-", "--markdown", "-").fails(t, exit.Usage, "both name -")
}
