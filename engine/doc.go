// Package engine runs graphs. Compile lowers one for this CPU: it chooses a
// kernel for every node, packs the weights for it, and gives a Program, whose
// Sessions compute. Reference evaluates the operators' own definitions one by
// one; it is slow and the oracle of the other.
//
// Inside a run every value has an order of axes, which the plan for the sizes at
// hand chooses: images lie channels-last, operands of products row by row. Values
// live in one arena per run, planned by lifetime; tensors given and returned are
// row-major [N, C, H, W] as everywhere else. Compiling never changes a number: an integer node has the
// same bits on every machine, thread count and batch split, a float node the
// same bits at every thread count and batch split of one instruction set.
//
// Kernels know unsigned codes: those of qint8 are held 128 higher during a run.
//
// Data that follows from parameters and shapes alone is computed with the plan and
// costs no step.
//
// A plan ends at a node whose results have sizes that only a run tells; what is behind
// it is planned when they are there, and kept.
//
// What no kernel covers is evaluated by the operator itself; Program.Plan says
// where and why.
//
// engine knows graphs and operators; it must not know files, architectures or
// calibration.
package engine
