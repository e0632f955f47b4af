package main

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"path"
	"strings"
	"time"
)

// debianVersion writes a version so that a pre-release sorts before its release.
func debianVersion(number string) string { return strings.Replace(number, "-", "~", 1) }

// debianPlaces are where the files of an archive go; others are left out.
var debianPlaces = []struct{ from, to string }{
	{"octet", "usr/bin/octet"},
	{"completions/octet.bash", "usr/share/bash-completion/completions/octet"},
	{"completions/_octet", "usr/share/zsh/vendor-completions/_octet"},
	{"completions/octet.fish", "usr/share/fish/vendor_completions.d/octet.fish"},
}

const debianControl = `Package: octet
Version: %s
Architecture: %s
Maintainer: The octet authors <https://github.com/octet-ml/octet/issues>
Installed-Size: %d
Section: science
Priority: optional
Homepage: https://github.com/octet-ml/octet
Description: INT8 quantization and inference for PyTorch vision models
 octet takes a trained PyTorch vision model, quantizes it to INT8 and runs it:
 fuse, observe, calibrate, convert, infer. It is one static binary, without
 Python, and reads and writes the files of PyTorch and torchvision.
`

// debian makes a .deb of the files of an archive.
func debian(number, arch string, files []file, at time.Time) ([]byte, error) {
	installed, err := debianFiles(files)
	if err != nil {
		return nil, err
	}
	size := 0
	var sums strings.Builder
	for _, f := range installed {
		size += len(f.content)
		fmt.Fprintf(&sums, "%x  %s\n", md5.Sum(f.content), f.name)
	}
	control := fmt.Sprintf(debianControl, debianVersion(number), arch, (size+1023)/1024)
	controls, err := tarball(inDot([]file{{name: "control", content: []byte(control)}, {name: "md5sums", content: []byte(sums.String())}}), at)
	if err != nil {
		return nil, err
	}
	data, err := tarball(inDot(installed), at)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("!<arch>\n")
	for _, member := range []file{{name: "debian-binary", content: []byte("2.0\n")}, {name: "control.tar.gz", content: controls}, {name: "data.tar.gz", content: data}} {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", member.name, at.Unix(), 0, 0, "100644", len(member.content))
		b.Write(member.content)
		if len(member.content)%2 == 1 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes(), nil
}

// debianFiles are the files as Debian has them.
func debianFiles(files []file) ([]file, error) {
	var placed []file
	copyright := []byte{}
	for _, f := range files {
		for _, place := range debianPlaces {
			if f.name == place.from {
				placed = append(placed, file{place.to, f.content, f.executable})
			}
		}
		switch {
		case path.Ext(f.name) == ".1":
			packed, err := gzipped(f.content)
			if err != nil {
				return nil, err
			}
			placed = append(placed, file{name: "usr/share/man/man1/" + path.Base(f.name) + ".gz", content: packed})
		case f.name == "LICENSE", f.name == "THIRD_PARTY_LICENSES":
			copyright = append(copyright, f.content...)
			copyright = append(copyright, '\n')
		}
	}
	return append(placed, file{name: "usr/share/doc/octet/copyright", content: copyright}), nil
}

// inDot begins names with ./, as dpkg does.
func inDot(files []file) []file {
	moved := make([]file, len(files))
	for i, f := range files {
		f.name = "./" + f.name
		moved[i] = f
	}
	return moved
}
