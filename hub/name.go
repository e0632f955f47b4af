package hub

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// hashInName is PyTorch's NAME-HASH.EXT, and NAME_HASH.EXT beside it.
var hashInName = regexp.MustCompile(`[-_]([0-9a-f]{8,64})\.[^.]*$`)

// HashPrefix returns the beginning of a file's SHA-256 that its name holds:
// resnet50-0676ba61.pth and also resnet18_fbgemm_16fa66dd.pth, which torch.hub
// does not recognise. Empty where the name holds none.
func HashPrefix(fileName string) string {
	if m := hashInName.FindStringSubmatch(fileName); m != nil {
		return m[1]
	}
	return ""
}

var hexPrefix = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

// checkPrefix refuses what can be no prefix of a SHA-256 that proves anything.
func checkPrefix(fileName, prefix string) error {
	if prefix != "" && !hexPrefix.MatchString(prefix) {
		return fmt.Errorf("%s: hash prefix %q: 8 to 64 lower-case hexadecimal digits of a SHA-256 are expected", fileName, prefix)
	}
	return nil
}

// checkName refuses names that could leave the cache folder or mean one of
// hub's own files.
func checkName(name string) error {
	switch {
	case name == "" || name == "." || !filepath.IsLocal(name) || strings.ContainsAny(name, `/\:`+"\x00"):
		return fmt.Errorf("file name %q: a plain name without folders is expected", name)
	case len(name) > 200:
		return fmt.Errorf("file name of %d bytes: at most 200 are possible", len(name))
	case strings.HasSuffix(name, ".part") || strings.HasSuffix(name, ".part.json") || strings.HasSuffix(name, ".lock"):
		return fmt.Errorf("file name %q: names in .part, .part.json and .lock are kept for downloads under way", name)
	}
	return nil
}
