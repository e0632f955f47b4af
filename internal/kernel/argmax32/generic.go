package argmax32

import "github.com/octet-ml/octet/internal/kernel"

// portable is plain Go.
var portable = Kernel{Row: kernel.Row{Name: "argmax_f32_go", ISA: "go"}, lanes: 1, run: Reference}
