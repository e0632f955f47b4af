package inputs

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// Arrays are .npy files by name, each read once however often a command begins again.
type Arrays map[string]*tensor.Tensor

// Read returns the array of a file.
func (a *Arrays) Read(file string) (*tensor.Tensor, error) {
	if t := (*a)[file]; t != nil {
		return t, nil
	}
	t, err := npy.ReadFile(file)
	if err == nil {
		if *a == nil {
			*a = Arrays{}
		}
		(*a)[file] = t
	}
	return t, err
}

// Named reads what a flag is given, NAME=FILE.npy for each input or FILE.npy for the only
// one, as the inputs take it. Inputs that have become constants are left out.
func (a *Arrays) Named(flag string, given []string, takes []octet.ValueInfo, constants map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
	read := map[string]*tensor.Tensor{}
	for _, text := range given {
		name, file, named := strings.Cut(text, "=")
		if !named {
			if len(takes) != 1 {
				return nil, exit.Usagef("--%[1]s %[2]s: the model has the inputs %[3]v; say which with --%[1]s NAME=%[2]s", flag, text, takes)
			}
			name, file = takes[0].Name, text
		}
		if constants[name] != nil {
			continue
		}
		if read[name] != nil {
			return nil, exit.Usagef("--%s %s is given twice", flag, name)
		}
		at := slices.IndexFunc(takes, func(v octet.ValueInfo) bool { return v.Name == name })
		if at < 0 {
			return nil, exit.Usagef("--%s %s: the model has no such input; it takes %v", flag, name, takes)
		}
		t, err := a.Read(file)
		if err == nil {
			read[name], err = Stored(t, takes[at].DType)
		}
		if err != nil {
			return nil, exit.WithCode(exit.Data, fmt.Errorf("--%s %s: %w", flag, name, err))
		}
	}
	return read, nil
}

// NamesArray reports whether data are given as NAME=FILE.npy.
func NamesArray(text string) bool {
	return strings.Contains(text, "=") && strings.EqualFold(filepath.Ext(text), ".npy")
}
