package ptq

// Evaluate is the evaluation by the operators themselves.
var Evaluate = evaluate
