package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sum is a file of the release with its checksum.
type sum struct{ name, sha256 string }

// write writes a file of the release.
func (r *release) write(name string, content []byte) (sum, error) {
	h := sha256.Sum256(content)
	fmt.Fprintf(r.log, "  %s, %.1f MB\n", name, float64(len(content))/1e6)
	return sum{name, hex.EncodeToString(h[:])}, os.WriteFile(filepath.Join(r.out, name), content, 0o644)
}

// writeSums writes what sha256sum -c reads.
func (r *release) writeSums(sums []sum) error {
	slices.SortFunc(sums, func(a, b sum) int { return cmp.Compare(a.name, b.name) })
	var text strings.Builder
	for _, s := range sums {
		fmt.Fprintf(&text, "%s  %s\n", s.sha256, s.name)
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(text.String()), 0o644)
}
