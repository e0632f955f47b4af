// Package npy owns NumPy's array files: .npy (format versions 1 to 3) to and
// from tensors, rows of a .npy at random, and .npz archives.
//
// It must not know what an array means: images, labels and logits are the
// business of its callers. Files are treated as hostile: the header is parsed
// as data, never evaluated, and no size is allocated before it was compared
// with what the input can hold.
//
// The format is described at
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
package npy
