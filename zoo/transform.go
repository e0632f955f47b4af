package zoo

import "strings"

// Transforms reports whether the architecture transforms its input, and twin names
// the one of the same keys that does the opposite; it is empty where there is none.
func Transforms(name string) (transforms bool, twin string) {
	plain, transforms := strings.CutSuffix(name, transformSuffix)
	twin = plain
	if !transforms {
		twin += transformSuffix
	}
	if _, err := Lookup(twin); err != nil {
		return false, ""
	}
	return transforms, twin
}
