// Package fakequant holds the modules of quantization-aware training that round
// a tensor to what codes can stand for: PyTorch's FakeQuantize,
// FusedMovingAvgObsFakeQuantize, FixedQParamsFakeQuantize and the learnable one
// (LSQ), per tensor and per channel.
//
// A Module decides with which scale and zero point; it is given the range of each
// batch, never its values. Package autodiff rounds, and takes gradients back.
//
// The package knows neither graphs nor files.
package fakequant
