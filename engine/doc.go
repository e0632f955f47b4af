// Package engine runs graphs. Compile lowers one for this CPU: it chooses a
// kernel for every node, packs the weights for it, and gives a Program, whose
// Sessions compute. Reference evaluates the operators' own definitions one by
// one; it is slow and the oracle of the other.
//
// Inside a run every value has an order of axes, which the plan for the given input
// shapes chooses: images are channels-last, operands of matrix products row-major. Values
// are placed in one arena per run by their lifetimes; tensors given and returned are
// row-major, images [N, C, H, W], as everywhere else. Compiling never changes a number: an
// integer node has the same bits on every machine, thread count and batch split, a float
// node the same bits at every thread count and batch split of one instruction set.
//
// Kernels take unsigned codes: those of qint8 are stored 128 higher during a run.
//
// Data that follows from parameters and shapes alone is computed with the plan and
// costs no step.
//
// A plan ends at a node whose output shapes depend on data. The nodes after it are planned
// when a run has computed those shapes, and the plan is kept for the next runs.
//
// A node that no kernel covers is evaluated by its operator; Program.Plan says which and
// why.
//
// engine knows graphs and operators; it must not know files, architectures or
// calibration.
package engine
