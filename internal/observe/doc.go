// Package observe watches the values that flow through a tensor during
// calibration and turns them into a scale and a zero point.
//
// The kinds that PyTorch has (MinMax, MovingAverageMinMax, PerChannelMinMax,
// MovingAveragePerChannelMinMax, Histogram, FixedQParams, Placeholder) give
// PyTorch's results to the bit on the same stream of batches. Beyond PyTorch
// there are MergeableHistogram, Percentile and MSE, whose state does not depend
// on the order of the values or on how they were sharded.
//
// All statistics can be written as JSON and read back to the bit. Those that do
// not depend on order can also be merged; the others refuse with an *OrderError.
//
// An observer is not safe for concurrent use. A new kind is a new file and a row
// in the table of table.go.
//
// observe knows tensors and the numeric contract; it must not know graphs,
// operators, files or datasets.
package observe
