// Command octet quantizes PyTorch vision models to int8 and runs them, without
// PyTorch.
//
//	octet demo
//	octet quantize resnet18.pth --arch resnet18 --calibration photos/ --output int8.pth
//	octet run int8.pth cat.jpg
//
// One file per command. What commands share stands in packages of internal: flags and the
// files that they open (inputs), everything that is printed (console), exit codes (exit),
// measurements (measure). The commands hold no arithmetic: they call package octet and
// print what it returns.
package main
