package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/internal/npy"
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
	case ".pth", ".pt":
		return readCheckpoint(path)
	}
	return nil, fmt.Errorf("%s: tensors are read from .npy, .npz, .safetensors, .pth and .pt files", path)
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
