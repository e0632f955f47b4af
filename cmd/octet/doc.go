// Command octet quantizes PyTorch vision models to int8 and runs them, without
// PyTorch.
//
//	octet demo
//	octet quantize resnet18.pth --arch resnet18 --calibration photos/ --output int8.pth
//	octet run int8.pth cat.jpg
//
// A command has a file of its name; where it has more to do, files whose names begin with it.
// What commands share is in packages of internal: flags and the files that they open (inputs),
// everything that is printed (console), exit codes (exit), measurements (measure), models side
// by side (variants), clients over pipes (stdio). Arithmetic is in the library: a command calls
// it and prints what it returns.
package main
