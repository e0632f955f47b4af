package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed ort.py
var ortScript string

// peer is ONNX Runtime for arm64, as ort.sh unpacks it.
type peer struct{ folder string }

// parts are what cores say of themselves: implementer ARM, and the part.
var parts = map[string]string{"cortex-a72": "0xd08", "neoverse-n1": "0xd0c", "neoverse-v1": "0xd40", "max": "0xd40"}

// inference counts one inference of w.
func (o peer) inference(e *emulator, core string, w workload) (counts, error) {
	part, ok := parts[core]
	if !ok {
		return counts{}, fmt.Errorf("%s: which part that is must be known", core)
	}
	root := filepath.Join(o.folder, "root")
	info := "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU architecture: 8\n" +
		"CPU variant\t: 0x1\nCPU part\t: " + part + "\nCPU revision\t: 1\n"
	if err := os.WriteFile(filepath.Join(root, "proc", "cpuinfo"), []byte(info), 0o666); err != nil {
		return counts{}, err
	}
	options := []string{"-L", root}
	for _, variable := range []string{
		"LD_LIBRARY_PATH=" + filepath.Join(root, "usr/lib/aarch64-linux-gnu") + ":" + filepath.Join(root, "lib/aarch64-linux-gnu"),
		"PYTHONHOME=" + filepath.Join(root, "usr"), "PYTHONPATH=" + filepath.Join(o.folder, "site"),
		"PYTHONDONTWRITEBYTECODE=1", "PYTHONHASHSEED=0", "OMP_NUM_THREADS=1",
	} {
		options = append(options, "-E", variable)
	}
	blocks, err := e.run(core, options, "", filepath.Join(root, "usr/bin/python3.11"), "-c", ortScript,
		w.onnx(), cmp.Or(w.size, "224,224"))
	if err != nil {
		return counts{}, err
	}
	var p profile
	p.add(nil, 1, blocks)
	return p.total, nil
}
