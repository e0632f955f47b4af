// Package octet quantizes PyTorch vision models to int8 and runs them, in pure Go.
//
// The common job is a few lines:
//
//	model, err := octet.Open("resnet18.pth", octet.WithArch("resnet18"))
//	calibration := octet.Inputs(ctx, model, "photos/")
//	quantized, report, err := octet.Quantize(ctx, model, calibration, octet.WithBackend(octet.FBGEMM))
//	err = quantized.Save(ctx, "resnet18_int8.pth")
//	session, err := quantized.Compile()
//	logits, err := session.Run(ctx, images)
//
// A Model is a graph with its parameters, float or int8, and what is known about
// it: labels, preprocessing, numerics, how it was
// calibrated. Save writes a file that torchvision loads; the knowledge travels in
// it as a JSON record that PyTorch ignores, so that octet's own files need no
// options. What a foreign file does not say and no option said is assumed, and
// [Model.Assumptions] lists it.
//
// Everything here is a thin layer over packages that can be used alone: torch
// reads and writes files, zoo knows architectures, ptq calibrates and converts,
// engine runs, vision and dataset turn images into tensors. It must not know how
// results are shown: flags, tables and pages are the command line's.
package octet
