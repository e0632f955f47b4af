package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/torch"
)

// readTensors reads every tensor of a file, by its extension.
func readTensors(path string) ([]namedTensor, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".npy":
		t, err := npy.ReadFile(path)
		return []namedTensor{{filepath.Base(path), t}}, err
	case ".npz":
		return readNPZ(path)
	case ".safetensors":
		return readSafetensors(path)
	case ".pth", ".pt":
		return readCheckpoint(path)
	}
	return nil, fmt.Errorf("%s: tensors are read from .npy, .npz, .safetensors, .pth and .pt files", path)
}

func readNPZ(path string) ([]namedTensor, error) {
	z, err := npy.ReadNPZ(path)
	if err != nil {
		return nil, err
	}
	var all []namedTensor
	for _, name := range z.Names {
		all = append(all, namedTensor{name, z.Arrays[name]})
	}
	return all, nil
}

func readCheckpoint(path string) ([]namedTensor, error) {
	sd, err := torch.Load(path, "")
	if err != nil {
		return nil, err
	}
	var all []namedTensor
	for _, key := range slices.Clone(sd.Keys()) {
		if t, ok := sd.Tensor(key); ok {
			all = append(all, namedTensor{key, t})
		}
	}
	return all, nil
}
