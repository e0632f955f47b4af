package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var at = time.Unix(1_700_000_000, 0).UTC()

// some are the files of a platform, without a build.
func some() []file {
	files := []file{
		{name: "octet", content: []byte("#!/bin/sh\necho octet\n"), executable: true},
		{name: "THIRD_PARTY_LICENSES", content: []byte("theirs\n")},
		{name: "LICENSE", content: []byte("ours\n")},
		{name: "README.md", content: []byte("# octet\n")},
	}
	for _, name := range []string{"completions/octet.bash", "completions/_octet", "completions/octet.fish", "completions/octet.ps1", "man/man1/octet.1", "man/man1/octet-run.1"} {
		files = append(files, file{name: name, content: []byte(name)})
	}
	return files
}

type entry struct {
	name, content string
	mode          int64
	folder        bool
}

// unpacked undoes gzip, which must name neither file nor time.
func unpacked(t *testing.T, content []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if !z.ModTime.IsZero() || z.Name != "" {
		t.Errorf("gzip says %v, %q", z.ModTime, z.Name)
	}
	whole, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// untar lists a .tar.gz, whose entries must belong to root and have one time.
func untar(t *testing.T, content []byte) []entry {
	t.Helper()
	var entries []entry
	for r := tar.NewReader(bytes.NewReader(unpacked(t, content))); ; {
		h, err := r.Next()
		if err == io.EOF {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || h.Uid != 0 || h.Uname != "root" || !h.ModTime.Equal(at) {
			t.Errorf("%s: %v, of %d %s at %v", h.Name, err, h.Uid, h.Uname, h.ModTime)
		}
		entries = append(entries, entry{h.Name, string(text), h.Mode, h.Typeflag == tar.TypeDir})
	}
}

func at0(entries []entry, name string) *entry {
	i := slices.IndexFunc(entries, func(e entry) bool { return e.name == name })
	if i < 0 {
		return &entry{}
	}
	return &entries[i]
}

func TestTarball(t *testing.T) {
	content, err := tarball(inFolder("octet_1.2.3_linux_amd64", some()), at)
	if err != nil {
		t.Fatal(err)
	}
	entries := untar(t, content)
	if e := at0(entries, "octet_1.2.3_linux_amd64/octet"); e.mode != 0o755 || !strings.HasPrefix(e.content, "#!") {
		t.Errorf("the binary: %+v", e)
	}
	if e := at0(entries, "octet_1.2.3_linux_amd64/man/man1/"); !e.folder {
		t.Errorf("no folder man1: %+v", entries)
	}
	if e := at0(entries, "octet_1.2.3_linux_amd64/LICENSE"); e.mode != 0o644 || e.content != "ours\n" {
		t.Errorf("the licence: %+v", e)
	}
}

func TestZip(t *testing.T) {
	content, err := zipped(some(), at)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil || len(r.File) != len(some()) || r.File[0].Mode() != 0o755 || !r.File[0].Modified.Equal(at) {
		t.Errorf("%v, %v at %v", err, r.File[0].Mode(), r.File[0].Modified)
	}
}

func TestTheSameFilesGiveTheSameBytes(t *testing.T) {
	for name, make := range map[string]func() ([]byte, error){
		"tar.gz":  func() ([]byte, error) { return tarball(some(), at) },
		"zip":     func() ([]byte, error) { return zipped(some(), at) },
		"deb":     func() ([]byte, error) { return debian("1.2.3", "amd64", some(), at) },
		"gz":      func() ([]byte, error) { return gzipped([]byte("text")) },
		"formula": func() ([]byte, error) { text, err := exampleFormula(); return []byte(text), err },
	} {
		a, err := make()
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := make(); !bytes.Equal(a, b) {
			t.Errorf("%s differs", name)
		}
	}
}

// members are those of a Debian package.
func members(t *testing.T, deb []byte) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	rest, ok := bytes.CutPrefix(deb, []byte("!<arch>\n"))
	if !ok {
		t.Fatal("no archive")
	}
	for len(rest) > 0 {
		size, err := strconv.Atoi(strings.TrimSpace(string(rest[48:58])))
		if err != nil || string(rest[58:60]) != "`\n" {
			t.Fatalf("header %q", rest[:60])
		}
		found[strings.TrimSpace(string(rest[:16]))] = rest[60 : 60+size]
		rest = rest[60+size+size%2:]
	}
	return found
}

func TestDebian(t *testing.T) {
	deb, err := debian("1.2.3-rc.1", "arm64", some(), at)
	if err != nil {
		t.Fatal(err)
	}
	m := members(t, deb)
	if string(m["debian-binary"]) != "2.0\n" {
		t.Errorf("members %v", m)
	}
	control := at0(untar(t, m["control.tar.gz"]), "./control").content
	for _, want := range []string{"Package: octet\n", "Version: 1.2.3~rc.1\n", "Architecture: arm64\n", "Installed-Size: 1\n"} {
		if !strings.Contains(control, want) {
			t.Errorf("control lacks %q:\n%s", want, control)
		}
	}
	data := untar(t, m["data.tar.gz"])
	for name, mode := range map[string]int64{
		"./usr/bin/octet": 0o755, "./usr/share/man/man1/octet-run.1.gz": 0o644, "./usr/share/bash-completion/completions/octet": 0o644,
		"./usr/share/zsh/vendor-completions/_octet": 0o644, "./usr/share/fish/vendor_completions.d/octet.fish": 0o644, "./usr/share/doc/octet/copyright": 0o644,
	} {
		if e := at0(data, name); e.mode != mode || e.content == "" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if text := at0(data, "./usr/share/doc/octet/copyright").content; !strings.Contains(text, "ours") || !strings.Contains(text, "theirs") {
		t.Errorf("copyright: %s", text)
	}
	tool, err := exec.LookPath("dpkg-deb")
	if err != nil {
		t.Log("dpkg-deb is not here: it was not asked")
		return
	}
	path := filepath.Join(t.TempDir(), "octet.deb")
	os.WriteFile(path, deb, 0o644)
	out, err := exec.Command(tool, "--contents", path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "./usr/bin/octet") {
		t.Errorf("dpkg-deb: %v\n%s", err, out)
	}
	if out, err = exec.Command(tool, "--field", path, "Version").CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "1.2.3~rc.1" {
		t.Errorf("dpkg-deb: %v\n%s", err, out)
	}
}

func exampleFormula() (string, error) {
	r := &release{version: "v1.2.3"}
	var sums []sum
	for i, p := range platforms {
		sums = append(sums, sum{fmt.Sprintf("octet_1.2.3_%s_%s.tar.gz", p.os, p.arch), strings.Repeat(strconv.Itoa(i), 64)})
	}
	return r.formula(sums)
}

func TestFormula(t *testing.T) {
	text, err := exampleFormula()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range platforms[:4] {
		url := fmt.Sprintf("url \"https://github.com/octet-ml/octet/releases/download/v1.2.3/octet_1.2.3_%s_%s.tar.gz\"\n      sha256 \"%s\"", p.os, p.arch, strings.Repeat(strconv.Itoa(i), 64))
		if !strings.Contains(text, url) {
			t.Errorf("%s is missing:\n%s", p, text)
		}
	}
	if opens, ends := strings.Count(text, " do\n")+strings.Count(text, "def ")+strings.Count(text, "class "), strings.Count(text, "end\n"); opens != ends {
		t.Errorf("%d blocks, %d ends", opens, ends)
	}
	if _, err := (&release{version: "v1.2.3"}).formula(nil); err == nil {
		t.Error("a formula without archives")
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{}, {"-version", "1.2.3"}, {"-version", "v1"}, {"-version", "v1.2.3", "-platform", "plan9/mips"}, {"-version", "v1.2.3", "more"}, {"licences", "x"}} {
		if err := run(args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}

// A release for this machine, from the build to the checksums.
func TestRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary")
	}
	here := platform{runtime.GOOS, runtime.GOARCH}
	if !slices.Contains(platforms, here) {
		t.Skipf("there is no release for %s", here)
	}
	out := t.TempDir()
	t.Setenv("SOURCE_DATE_EPOCH", strconv.FormatInt(at.Unix(), 10))
	if err := run([]string{"-version", "v9.8.7", "-out", out, "-platform", here.String()}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(out, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(sums)) {
		hash, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		content, err := os.ReadFile(filepath.Join(out, name))
		if h := sha256.Sum256(content); err != nil || hex.EncodeToString(h[:]) != hash {
			t.Errorf("%s: %v", line, err)
		}
		if strings.HasSuffix(name, "_oci.tar") {
			checkImage(t, content, here)
		}
		if strings.HasSuffix(name, ".cdx.json") && !strings.Contains(string(content), `"pkg:golang/google.golang.org/grpc@`) {
			t.Errorf("%s does not list gRPC", name)
		}
		if !strings.HasSuffix(name, ".tar.gz") {
			continue
		}
		entries := untar(t, content)
		folder := strings.TrimSuffix(name, ".tar.gz")
		binary := filepath.Join(t.TempDir(), "octet")
		os.WriteFile(binary, []byte(at0(entries, folder+"/octet").content), 0o755)
		if said, err := exec.Command(binary, "version").CombinedOutput(); err != nil || !strings.HasPrefix(string(said), "octet v9.8.7 ") {
			t.Errorf("%v: %s", err, said)
		}
		for name, want := range map[string]string{
			"man/man1/octet-quantize.1": `octet v9.8.7`, "completions/octet.bash": "__start_octet", "completions/_octet": "#compdef octet",
			"LICENSE": "Apache License", "THIRD_PARTY_LICENSES": "github.com/spf13/cobra",
		} {
			if e := at0(entries, folder+"/"+name); !strings.Contains(e.content, want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
	}
	if len(sums) == 0 {
		t.Error("no checksums")
	}
}

// checkImage runs what is in the image for this machine.
func checkImage(t *testing.T, archive []byte, here platform) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "octet")
	if err := os.WriteFile(binary, imagesOf(t, archive, "9.8.7")[here], 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(binary, append(slices.Clone(imageCommand), "--help")...)
	c.Env = []string{} // as the image has it
	if said, err := c.CombinedOutput(); err != nil || !strings.Contains(string(said), "octet serve") {
		t.Errorf("%v: %s", err, said)
	}
}
