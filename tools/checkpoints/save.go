package main

import (
	"fmt"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/torch"
)

// save opens a checkpoint and writes the state dict of the int8 model that it became,
// for integers.py: args are the file, the file to write, architecture and backend.
func save(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("IN.pth OUT.pth ARCH BACKEND are expected")
	}
	m, err := octet.Open(args[0], octet.WithArch(args[2]), octet.WithBackend(octet.Backend(args[3])))
	if err != nil {
		return err
	}
	sd, err := statedict.ExportStateDict(m.Graph())
	if err != nil {
		return err
	}
	return torch.Save(args[1], sd)
}
