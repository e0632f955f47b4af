// Package torch reads and writes PyTorch checkpoints: the files of torch.save,
// as zip archives, legacy streams (before PyTorch 1.6) and tars (before 0.1.10),
// also within a gzip, bzip2, tar or plain zip.
//
// A checkpoint is a pickle, of protocol 1 to 5. Its opcodes are interpreted into an
// inert tree of [Value]s; nothing is ever imported, called or resolved. A global
// name is a token that is compared, exactly, with what calls.go and rebuild.go
// know. Objects of any other class are [Opaque]: what a training kept beside its
// weights does not stand in their way, and is an error only within the state dict.
// Names that attacks are made of, listed in hostile.go, are refused wherever they
// stand, although they could do nothing here. [Open] gives the tree,
// [Checkpoint.StateDict] the state dict in it with its tensors loaded, [Save] and
// [Write] write a state dict that torch.load(weights_only=True) accepts.
//
// The package owns the container formats, the pickle subset and [StateDict], the
// ordered named values of a checkpoint, whoever makes or reads them: package
// statedict binds them to a graph. It must not know graphs, operators or
// architectures, executes nothing, and does no arithmetic on the tensors it
// carries, save that a pruned weight is multiplied by its mask.
package torch
