package kernel_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// assemblerVariable names LLVM's assembler, which must then be there. Without it the test
// is skipped where llvm-mc is not found.
const assemblerVariable = "OCTET_LLVM_MC"

// word is an instruction that Go's assembler lacks, with its text.
var (
	word     = regexp.MustCompile(`(?m)^\tWORD (\S+)(?: // (\S.*))?$`)
	encoding = regexp.MustCompile(`// encoding: \[(0x..),(0x..),(0x..),(0x..)\]`)
)

// Instructions that are written as words are those that their comments say: LLVM's
// assembler makes the same words of the comments.
func TestWordsAreTheirComments(t *testing.T) {
	assembler, required := os.LookupEnv(assemblerVariable)
	if !required {
		assembler = "llvm-mc"
	}
	if _, err := exec.LookPath(assembler); err != nil {
		if required {
			t.Fatalf("%s=%s: %v", assemblerVariable, assembler, err)
		}
		t.Skipf("%v: install LLVM, or name its assembler in %s, to compare the words of arm64's kernels", err, assemblerVariable)
	}
	files, err := filepath.Glob("*/*_arm64.s")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var texts, words []string
	seen := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range word.FindAllStringSubmatch(string(source), -1) {
			if m[2] == "" {
				t.Errorf("%s: %q has no comment that says what it is", file, m[0])
			} else if !seen[m[0]] {
				seen[m[0]] = true
				words, texts = append(words, m[1]), append(texts, m[2])
			}
		}
	}
	cmd := exec.Command(assembler, "-triple=aarch64", "-mattr=+v8.2a,+dotprod,+i8mm", "-show-encoding")
	cmd.Stdin = strings.NewReader(strings.Join(texts, "\n") + "\n")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", assembler, err, &said)
	}
	encoded := encoding.FindAllSubmatch(out, -1)
	if len(encoded) != len(words) || len(words) == 0 {
		t.Fatalf("%s encodes %d of %d instructions", assembler, len(encoded), len(words))
	}
	for i, m := range encoded {
		var b [4]byte
		for j := range b {
			if _, err := fmt.Sscanf(string(m[1+j]), "0x%02x", &b[j]); err != nil {
				t.Fatal(err)
			}
		}
		if want := fmt.Sprintf("$0x%08x", binary.LittleEndian.Uint32(b[:])); words[i] != want {
			t.Errorf("%s is %s, but written as %s", texts[i], want, words[i])
		}
	}
	t.Logf("%d instructions are compared", len(words))
}
