package main

import (
	"errors"
	"fmt"
	"strings"
)

// errNoFormula says that Homebrew's platforms were not all built.
var errNoFormula = errors.New("it needs the archives of macOS and Linux, on amd64 and arm64")

const formulaText = `class Octet < Formula
  desc "INT8 quantization and inference for PyTorch vision models"
  homepage "https://github.com/octet-ml/octet"
  version "%s"
  license "Apache-2.0"

%s
  def install
    bin.install "octet"
    bash_completion.install "completions/octet.bash" => "octet"
    zsh_completion.install "completions/_octet"
    fish_completion.install "completions/octet.fish"
    man1.install Dir["man/man1/*.1"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/octet version")
    assert_match "scale", shell_output("#{bin}/octet tensor 1 2 3")
  end
end
`

// formula is Homebrew's, for the archives in sums.
func (r *release) formula(sums []sum) (string, error) {
	var blocks strings.Builder
	for _, system := range []struct{ os, name string }{{"darwin", "on_macos"}, {"linux", "on_linux"}} {
		fmt.Fprintf(&blocks, "  %s do\n", system.name)
		for _, cpu := range []struct{ arch, name string }{{"arm64", "on_arm"}, {"amd64", "on_intel"}} {
			s, ok := find(sums, fmt.Sprintf("octet_%s_%s_%s.tar.gz", r.number(), system.os, cpu.arch))
			if !ok {
				return "", errNoFormula
			}
			fmt.Fprintf(&blocks, "    %s do\n      url \"https://github.com/octet-ml/octet/releases/download/%s/%s\"\n      sha256 \"%s\"\n    end\n", cpu.name, r.version, s.name, s.sha256)
		}
		blocks.WriteString("  end\n\n")
	}
	return fmt.Sprintf(formulaText, r.number(), strings.TrimSuffix(blocks.String(), "\n")), nil
}

func find(sums []sum, name string) (sum, bool) {
	for _, s := range sums {
		if s.name == name {
			return s, true
		}
	}
	return sum{}, false
}
