package argmax32

// portable is plain Go.
var portable = Kernel{Name: "argmax_f32_go", ISA: "go", lanes: 1, run: Reference}
