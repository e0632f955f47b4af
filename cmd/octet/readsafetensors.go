package main

import (
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/safetensors"
)

func readSafetensors(path string) ([]console.NamedTensor, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	var all []console.NamedTensor
	for _, name := range f.Names() {
		t, _ := f.Tensor(name)
		all = append(all, console.NamedTensor{Name: name, Tensor: t})
	}
	return all, nil
}
