package main

import "github.com/octet-ml/octet/safetensors"

func readSafetensors(path string) ([]namedTensor, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	var all []namedTensor
	for _, name := range f.Names() {
		t, _ := f.Tensor(name)
		all = append(all, namedTensor{name, t})
	}
	return all, nil
}
