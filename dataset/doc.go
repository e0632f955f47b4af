// Package dataset owns sets of images and tensors: folders, lists of files,
// tar archives, IDX (MNIST) files, .npy and .npz, behind one interface with
// random access, and a Loader that decodes and preprocesses ahead of its
// consumer, in parallel and in order.
//
// It must not know models: what a label means and what becomes of a batch is
// the business of its callers. A broken image is reported and counted, and
// fatal only on request. Files are hostile: archives are bounded, and nothing
// of them is written under a name that they choose.
package dataset
