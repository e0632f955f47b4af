// Package octetbeam evaluates, calibrates and labels with octet in pipelines of Apache Beam.
// Evaluate, Calibrate and Predict divide a set into shards and give the documents of octet
// eval, octet quantize and octet run, to the byte, however many shards and bundles there are.
// Classify labels the images of a pipeline's own collection.
//
// A process opens and compiles a model once for all its bundles, and opens data once for those
// that run at the same time. Each session computes on one thread, and as many shards or images
// are computed side by side as there are cores. What cannot be read goes to a second output.
// A bundle that is run again changes nothing: shards are computed anew, and files are replaced as
// a whole.
//
// Functions are called by reflection, which costs microseconds where an element is a shard:
// Beam's package register makes it cheaper, and compiling several times as dear.
//
// The package owns how bundles become documents; it must not know how a sample is read, how a
// model computes, or how counts and statistics merge.
package octetbeam
