// Command release builds what a release consists of, from a checkout:
//
//	go run ./tools/release -version v1.2.3 [-out dist/release] [-platform linux/amd64]...
//
// For every platform an archive with the binary, shell completions, man pages and
// licences, and a bill of materials (CycloneDX); Debian packages; a container image for Linux (an
// OCI archive); a Homebrew formula; and SHA256SUMS of them all. The same commit and Go release
// give the same bytes.
//
//	go run ./tools/release licences linux/amd64
//
// prints the texts that modules in the binary ask to be passed on.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// platform is a system that a release is built for, in Go's words.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "/" + p.arch }

func (p platform) binary() string {
	if p.os == "windows" {
		return "octet.exe"
	}
	return "octet"
}

var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

// release is what is built.
type release struct {
	root     string // of the repository
	version  string // v1.2.3
	revision string // the commit; empty where the checkout has none
	time     time.Time
	out      string
	log      io.Writer
}

// built are the files of a platform.
type built struct {
	platform
	files []file
}

// number is the version without the v.
func (r *release) number() string { return strings.TrimPrefix(r.version, "v") }

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, log io.Writer) error {
	root, err := repository()
	if err != nil {
		return err
	}
	if len(args) == 2 && args[0] == "licences" {
		p, err := parsePlatform(args[1])
		if err != nil {
			return err
		}
		text, err := licences(root, p)
		if err == nil {
			_, err = io.WriteString(stdout, text)
		}
		return err
	}
	fs := flag.NewFlagSet("release", flag.ContinueOnError)
	fs.SetOutput(log)
	version := fs.String("version", "", "version of the release, such as v1.2.3")
	out := fs.String("out", filepath.Join(root, "dist", "release"), "folder to write into")
	var chosen []platform
	fs.Func("platform", "build for this one only, such as linux/amd64; may be repeated", func(text string) error {
		p, err := parsePlatform(text)
		chosen = append(chosen, p)
		return err
	})
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if !versionPattern.MatchString(*version) {
		return fmt.Errorf("-version %q: give a version such as v1.2.3 or v1.2.3-rc.1", *version)
	}
	if len(chosen) == 0 {
		chosen = platforms
	}
	r := &release{root, *version, revision(root), commitTime(root), *out, log}
	return r.build(chosen)
}

var versionPattern = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$`)

func parsePlatform(text string) (platform, error) {
	for _, p := range platforms {
		if p.String() == text {
			return p, nil
		}
	}
	return platform{}, fmt.Errorf("platform %q: use one of %v", text, platforms)
}

// build writes all files of the release.
func (r *release) build(chosen []platform) error {
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	staging, err := os.MkdirTemp("", "octet-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(staging)
	fmt.Fprintln(r.log, "man pages and completions")
	common, err := r.common(staging)
	if err != nil {
		return err
	}
	var sums []sum
	var linux []built
	for i, p := range chosen {
		fmt.Fprintf(r.log, "[%d/%d] %s\n", i+1, len(chosen), p)
		files, err := r.platformFiles(staging, p, common)
		if err != nil {
			return err
		}
		made, err := r.packages(p, files)
		if err != nil {
			return err
		}
		sums = append(sums, made...)
		if p.os == "linux" {
			linux = append(linux, built{p, files})
		}
	}
	if len(linux) > 0 {
		content, err := r.image(linux)
		if err != nil {
			return err
		}
		s, err := r.write("octet_"+r.number()+"_oci.tar", content)
		if err != nil {
			return err
		}
		sums = append(sums, s)
	}
	formula, err := r.formula(sums)
	switch {
	case errors.Is(err, errNoFormula):
		fmt.Fprintln(r.log, "no formula:", err)
	case err != nil:
		return err
	default:
		s, err := r.write("octet.rb", []byte(formula))
		if err != nil {
			return err
		}
		sums = append(sums, s)
	}
	return r.writeSums(sums)
}

// packages packs the files of a platform: an archive, its bill of materials, and for Linux a
// Debian package.
func (r *release) packages(p platform, files []file) ([]sum, error) {
	name := fmt.Sprintf("octet_%s_%s_%s", r.number(), p.os, p.arch)
	pack, ending := tarball, ".tar.gz"
	if p.os == "windows" {
		pack, ending = zipped, ".zip"
	}
	content, err := pack(inFolder(name, files), r.time)
	if err != nil {
		return nil, err
	}
	archive, err := r.write(name+ending, content)
	if err != nil {
		return nil, err
	}
	if content, err = r.sbom(files[0].content); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	materials, err := r.write(name+".cdx.json", content)
	if err != nil || p.os != "linux" {
		return []sum{archive, materials}, err
	}
	content, err = debian(r.number(), p.arch, files, r.time)
	if err != nil {
		return nil, err
	}
	deb, err := r.write(fmt.Sprintf("octet_%s_%s.deb", debianVersion(r.number()), p.arch), content)
	return []sum{archive, materials, deb}, err
}
