package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/pt2"
	"github.com/octet-ml/octet/torch"
)

// readTensors reads every tensor of a file, by its extension.
func readTensors(path string) ([]console.NamedTensor, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".npy":
		t, err := npy.ReadFile(path)
		return []console.NamedTensor{{Name: filepath.Base(path), Tensor: t}}, err
	case ".npz":
		return readNPZ(path)
	case ".safetensors":
		return readSafetensors(path)
	case ".pt2":
		return readProgram(path)
	case ".pth", ".pt":
		if torch.IsScript(path) {
			return readProgram(path)
		}
		return readCheckpoint(path)
	}
	if torch.IsScript(path) {
		return readProgram(path)
	}
	return nil, fmt.Errorf("%s: tensors are read from .npy, .npz, .safetensors, .pth, .pt and .pt2 files", path)
}

func readNPZ(path string) ([]console.NamedTensor, error) {
	z, err := npy.ReadNPZ(path)
	if err != nil {
		return nil, err
	}
	var all []console.NamedTensor
	for _, name := range z.Names {
		all = append(all, console.NamedTensor{Name: name, Tensor: z.Arrays[name]})
	}
	return all, nil
}

// readProgram reads the state dict of a program of torch.export.save.
func readProgram(path string) ([]console.NamedTensor, error) {
	f, err := pt2.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []console.NamedTensor
	for _, key := range f.Names() {
		t, err := f.Tensor(key)
		if err != nil {
			return nil, err
		}
		all = append(all, console.NamedTensor{Name: key, Tensor: t})
	}
	return all, nil
}

func readCheckpoint(path string) ([]console.NamedTensor, error) {
	sd, err := torch.Load(path, "")
	if err != nil {
		return nil, err
	}
	var all []console.NamedTensor
	for _, key := range slices.Clone(sd.Keys()) {
		if t, ok := sd.Tensor(key); ok {
			all = append(all, console.NamedTensor{Name: key, Tensor: t})
		}
	}
	return all, nil
}
